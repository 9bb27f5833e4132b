#!/usr/bin/env bash
# Prints the folder whose node_modules have kafkajs, as npm_packages.sh does.
exec "$(dirname "$0")/npm_packages.sh" kafkajs@2.2.4 kafkajs-snappy@1.1.0
