"""What people see: figures, tables and progress, in at most 80 columns; imported only when something is shown."""
