#include "sidecar/config/yaml_files.hpp"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include <sys/stat.h>

namespace outrider::config {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t most_files = 1'000;

bool is_yaml_file(const fs::path& file) {
    const auto name = file.filename().string();
    return !name.starts_with('.') && (name.ends_with(".yaml") || name.ends_with(".yml"));
}

}  // namespace

std::string file_stamp(const std::string& file) {
    struct stat found {};
    if (::stat(file.c_str(), &found) != 0) return file + " -\n";
    return file + " " + std::to_string(found.st_size) + " " + std::to_string(found.st_mtim.tv_sec) + "." +
           std::to_string(found.st_mtim.tv_nsec) + " " + std::to_string(found.st_dev) + ":" +
           std::to_string(found.st_ino) + "\n";
}

complaint list_yaml_files(const std::string& path, std::vector<std::string>& out) {
    out.clear();
    std::error_code error;
    if (!fs::is_directory(path, error)) {
        out.push_back(path);
        return {};
    }
    for (fs::directory_iterator each{path, error}, end; !error && each != end; each.increment(error)) {
        if (!is_yaml_file(each->path())) continue;
        if (out.size() == most_files)
            return "'" + path + "' holds more than " + std::to_string(most_files) + " YAML files";
        out.push_back(each->path().string());
    }
    if (error) return "can't read '" + path + "': " + error.message();
    std::sort(out.begin(), out.end());
    return {};
}

std::string fingerprint_of_path(const std::string& path) {
    std::vector<std::string> files;
    std::string out = list_yaml_files(path, files);
    for (const auto& file : files) out += file_stamp(file);
    return out;
}

}  // namespace outrider::config
