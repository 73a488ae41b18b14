"""Files of records of every form: told apart, read and checked."""
