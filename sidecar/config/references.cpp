#include "sidecar/config/references.hpp"

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <system_error>

#include <unistd.h>

namespace outrider::config {
namespace {

constexpr std::size_t most_of_a_value = 64 * 1024;

std::string error_text(int error) { return std::generic_category().message(error); }

complaint expand_variable(const std::string& name, const environment& variables, std::string& out) {
    const auto found = variables.find(name);
    if (found == variables.end()) return "environment variable '" + name + "' is not set";
    out += found->second;
    return {};
}

complaint expand_file(std::string_view name, const std::string& folder, std::string& out) {
    const std::string path = from_folder(folder, name);
    std::error_code ignored;
    if (std::filesystem::exists(path, ignored) && !std::filesystem::is_regular_file(path, ignored)) {
        return "'" + path + "' is not a regular file";
    }
    std::string content;
    if (auto wrong = read_file(path, most_of_a_value, content); !wrong.empty()) return wrong;
    if (content.ends_with('\n')) content.pop_back();
    if (content.ends_with('\r')) content.pop_back();
    out += content;
    return {};
}

complaint expand_one(std::string_view reference, const environment& variables, const std::string& folder,
                     std::string& out) {
    if (reference.starts_with("env:")) return expand_variable(std::string{reference.substr(4)}, variables, out);
    if (reference.starts_with("file:")) return expand_file(reference.substr(5), folder, out);
    return "'${" + std::string{reference} +
           "}' is no reference; write ${env:NAME}, ${file:PATH}, or $${ for a plain ${";
}

}  // namespace

complaint expand(std::string_view text, const environment& variables, const std::string& folder, std::string& out) {
    out.clear();
    while (true) {
        const auto open = text.find("${");
        if (open == std::string_view::npos) break;
        if (open > 0 && text[open - 1] == '$') {
            out.append(text.substr(0, open - 1)).append("${");
            text.remove_prefix(open + 2);
            continue;
        }
        out.append(text.substr(0, open));
        const auto close = text.find('}', open);
        if (close == std::string_view::npos) return "'" + std::string{text.substr(open)} + "' has no closing '}'";
        const auto reference = text.substr(open + 2, close - open - 2);
        if (auto wrong = expand_one(reference, variables, folder, out); !wrong.empty()) return wrong;
        text.remove_prefix(close + 1);
    }
    out.append(text);
    return {};
}

std::string from_folder(const std::string& folder, std::string_view path) {
    if (folder.empty() || path.starts_with('/')) return std::string{path};
    return folder + "/" + std::string{path};
}

complaint read_file(const std::string& path, std::size_t most, std::string& out) {
    std::error_code error;
    if (std::filesystem::is_directory(path, error)) return "'" + path + "' is a folder, not a file";
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file{std::fopen(path.c_str(), "rbe"), &std::fclose};
    if (!file) return "can't read '" + path + "': " + error_text(errno);
    out.resize(most + 1);
    const auto got = std::fread(out.data(), 1, out.size(), file.get());
    if (std::ferror(file.get()) != 0) return "can't read '" + path + "': " + error_text(errno);
    out.resize(got);
    return got > most ? "'" + path + "' is larger than " + std::to_string(most >> 10) + " KiB" : complaint{};
}

complaint check_readable(const std::string& path) {
    std::error_code error;
    if (std::filesystem::is_directory(path, error)) return "'" + path + "' is a folder, not a file";
    // Not opened: that could wait for the other end of a pipe.
    return ::access(path.c_str(), R_OK) == 0 ? complaint{} : "can't read '" + path + "': " + error_text(errno);
}

}  // namespace outrider::config
