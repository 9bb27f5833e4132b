#include "sidecar/tools/dev_broker.hpp"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>

namespace outrider::tools {
namespace {

constexpr std::size_t longest_name = 249;  // Kafka's own bound: names become folders

bool may_stand_in_a_name(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-';
}

bool is_topic_name(std::string_view name) {
    return !name.empty() && name.size() <= longest_name && name != "." && name != ".." &&
           std::all_of(name.begin(), name.end(), may_stand_in_a_name);
}

}  // namespace

std::string parse_topic(std::string_view text, mock_topic& out) {
    const auto colon = text.find(':');
    const auto name = text.substr(0, colon);
    if (!is_topic_name(name)) return "a topic is named by 1 to 249 letters, digits, '.', '_' and '-'";
    out = {std::string{name}, 1};
    if (colon == std::string_view::npos) return {};
    const auto count = text.substr(colon + 1);
    const auto [end, error] = std::from_chars(count.data(), count.data() + count.size(), out.partitions);
    const bool whole = error == std::errc{} && end == count.data() + count.size();
    if (!whole || out.partitions < 1 || out.partitions > most_dev_partitions)
        return "behind the colon stands the number of partitions, 1 to " + std::to_string(most_dev_partitions);
    return {};
}

config::load_input dev_broker_input(const dev_broker_options& options, const std::string& bootstraps,
                                    const std::string& state) {
    config::load_input input;
    input.sets = {
        {"service", "dev-broker", ""},
        {"kafka.main.listen", options.listen, "--listen"},
        {"kafka.main.brokers", bootstraps, ""},
        {"kafka.main.trace.0.topics", "*", ""},
        {"kafka.main.trace.0.mode", "none", ""},
        {"tracing.exporter", "none", ""},
        {"state", state, ""},
        {"drain", "1s", ""},
    };
    return input;
}

temporary_folder::temporary_folder()
    : path_((std::filesystem::temp_directory_path() / "outrider-dev-broker-XXXXXX").string()) {
    if (::mkdtemp(path_.data()) == nullptr) throw std::runtime_error{"cannot make a folder " + path_};
}

temporary_folder::~temporary_folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

}  // namespace outrider::tools
