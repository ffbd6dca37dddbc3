"""The command line: arguments, answers, exit codes."""
