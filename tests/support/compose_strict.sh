#!/usr/bin/env bash
# Prints the path of compose_strict, built once. Exit code 3: there is no Go to build it with.
exec "$(dirname "$0")/go_program.sh" compose_strict
