#include "sidecar/app/command_line.hpp"

int main(int argc, char** argv) { return outrider::app::run_command_line(argc, argv); }
