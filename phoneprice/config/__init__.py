"""The closed configuration schema and its loading."""
