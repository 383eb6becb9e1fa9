"""Tables, schema, features and splits: everything between a file and the arrays a network takes."""
