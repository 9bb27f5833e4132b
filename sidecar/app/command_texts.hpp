#pragma once

// What `--help` says below the flags of each command.

namespace outrider::app {

inline constexpr const char* program_footer =
    "Examples:\n"
    "  outrider run --config sidecar.yaml\n"
    "  outrider run --service orders --inbound 0.0.0.0:8080 --app 127.0.0.1:9000 \\\n"
    "               --outbound 127.0.0.1:7901 --route stock=stock-1:8080,stock-2:8080 \\\n"
    "               --otlp http://jaeger:4318 --admin 127.0.0.1:7900\n"
    "  outrider check --config sidecar.yaml --print\n"
    "  outrider explain --policies policies.d --request 'POST /orders' --header 'x-tenant: a'\n"
    "  outrider diff policies.d.before policies.d\n"
    "  outrider collect --listen 127.0.0.1:4318\n"
    "  outrider chain --key order=4711 --from http://127.0.0.1:4318\n"
    "  outrider topology --since 1h\n"
    "  outrider flows --watch\n"
    "  outrider dev-broker --listen 127.0.0.1:9092\n"
    "  outrider wait --timeout 30s -- ./orders --port 9000\n"
    "  outrider intercept install --uid 1337 --ports-in 8080\n"
    "  outrider inject deployment.yaml --in-place\n"
    "\n'outrider COMMAND --help' tells more.";

inline constexpr const char* run_footer =
    "Flags beat OUTRIDER_* variables, these OTEL_* variables, these the file, and the file the defaults.\n"
    "Any setting can be a flag (--set timeouts.first_byte=3s) or a variable (OUTRIDER_TIMEOUTS_FIRST_BYTE=3s);\n"
    "'outrider check --settings-reference' lists them all.\n"
    "\nExamples:\n"
    "  outrider run --config sidecar.yaml\n"
    "  outrider run --service orders --inbound 0.0.0.0:8080 --app 127.0.0.1:9000 --otlp http://jaeger:4318\n"
    "  outrider run --service shop --outbound 127.0.0.1:7901 --route pay=https://pay.example";

inline constexpr const char* check_footer =
    "Exit code 0: usable; 2: not, and standard error says why, one line per error with file, line and column.\n"
    "\nExamples:\n"
    "  outrider check --config sidecar.yaml\n"
    "  outrider check --config sidecar.yaml --print --set timeouts.total=5s\n"
    "  outrider check --policies policies.d\n"
    "  outrider check --flows flows.yaml\n"
    "  outrider check --schema > sidecar.schema.json";

inline constexpr const char* diff_footer =
    "OLD and NEW are files of policies, or folders of them. Exit code 0: no difference; 1: some; 2: one of them "
    "can't be used.\n"
    "\nExample:\n"
    "  outrider diff policies.d.before policies.d";

}  // namespace outrider::app
