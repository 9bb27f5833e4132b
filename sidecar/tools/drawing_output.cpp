#include "sidecar/tools/drawing_output.hpp"

#include <algorithm>
#include <ostream>

#include <sys/ioctl.h>
#include <unistd.h>

#include "sidecar/tools/whole_file.hpp"
#include "tracing/terminal_text.hpp"

namespace outrider::tools {

namespace {

constexpr std::size_t default_width = 100, narrowest = 40;

}  // namespace

std::size_t drawing_width(const output_options& options, bool terminal) {
    if (options.width > 0) return std::max<std::size_t>(narrowest, options.width);
    winsize size{};
    if (terminal && options.file.empty() && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return std::max<std::size_t>(narrowest, size.ws_col);
    return default_width;
}

bool write_result(const std::string& text, const output_options& options, std::ostream& out, std::ostream& err,
                  const char* command) {
    if (options.file.empty()) {
        out << text;
        out.flush();
        return static_cast<bool>(out);
    }
    const auto wrong = replace_file(options.file, text);
    if (!wrong.empty())
        err << command << ": --output " << tracing::printable(options.file, true) << ": " << wrong << "\n";
    return wrong.empty();
}

}  // namespace outrider::tools
