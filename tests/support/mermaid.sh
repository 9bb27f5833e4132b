#!/usr/bin/env bash
# Prints the folder whose node_modules have Mermaid's own parser and the page it wants, as npm_packages.sh does.
exec "$(dirname "$0")/npm_packages.sh" mermaid@11.17.2 jsdom@22.1.0
