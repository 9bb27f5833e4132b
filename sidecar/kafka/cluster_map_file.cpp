#include "sidecar/kafka/cluster_map_file.hpp"

#include <charconv>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <system_error>

#include <nlohmann/json.hpp>

namespace outrider::kafka {
namespace {

using nlohmann::json;
namespace files = std::filesystem;

// The file is ours, but it may be anything by the time it is read.
constexpr std::uintmax_t longest_file = 64 << 20;
constexpr int format = 1;
constexpr char hex_digits[] = "0123456789abcdef";

std::string hex_of(const topic_id& id) {
    std::string text;
    for (auto byte : id.bytes) {
        text += hex_digits[byte >> 4];
        text += hex_digits[byte & 0xf];
    }
    return text;
}

topic_id id_of(const std::string& hex) {
    topic_id id;
    if (hex.size() != 2 * id.bytes.size()) return {};
    for (std::size_t i = 0; i < id.bytes.size(); ++i) {
        const auto* digits = hex.data() + 2 * i;
        auto read = std::from_chars(digits, digits + 2, id.bytes[i], 16);
        if (read.ec != std::errc{} || read.ptr != digits + 2) return {};
    }
    return id;
}

json json_of(const learned& all) {
    auto nodes = json::array(), topics = json::array();
    for (const auto& [key, where] : all.nodes) {
        auto kind = key.kind == node_kind::broker ? "broker" : "controller";
        nodes.push_back({{"kind", kind}, {"id", key.id}, {"host", where.host}, {"port", where.port}});
    }
    for (const auto& topic : all.topics) topics.push_back({{"id", hex_of(topic.id)}, {"name", topic.name}});
    return {{"format", format}, {"cluster_id", all.cluster_id}, {"nodes", nodes}, {"topics", topics}};
}

/// The text at `name` of an object; empty when it is anything else.
std::string text_at(const json& object, const char* name) {
    auto it = object.find(name);
    return it != object.end() && it->is_string() ? it->get<std::string>() : std::string{};
}

/// The number at `name` of an object; -1 when it is anything else.
std::int32_t number_at(const json& object, const char* name) {
    auto it = object.find(name);
    if (it == object.end() || !it->is_number_integer()) return -1;
    auto number = it->get<std::int64_t>();
    return number == static_cast<std::int32_t>(number) ? static_cast<std::int32_t>(number) : -1;
}

/// The objects of the array at `name`.
template <class Each>
void for_each_at(const json& object, const char* name, Each&& each) {
    auto it = object.find(name);
    if (it == object.end() || !it->is_array()) return;
    for (const auto& one : *it)
        if (one.is_object()) each(one);
}

std::optional<learned> learned_of(const json& file) {
    if (!file.is_object() || number_at(file, "format") != format) return std::nullopt;
    learned all;
    all.cluster_id = text_at(file, "cluster_id");
    for_each_at(file, "nodes", [&](const json& node) {
        auto kind = text_at(node, "kind");
        if (kind != "broker" && kind != "controller") return;
        node_key key{kind == "broker" ? node_kind::broker : node_kind::controller, number_at(node, "id")};
        all.nodes.push_back({key, {text_at(node, "host"), number_at(node, "port")}});
    });
    for_each_at(file, "topics", [&](const json& topic) {
        all.topics.push_back({id_of(text_at(topic, "id")), text_at(topic, "name")});
    });
    return all;
}

bool may_be_in_a_name(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.';
}

}  // namespace

std::string cluster_map_path(const std::string& state_folder, std::string_view name) {
    auto path = state_folder + "/kafka/";
    for (char c : name) {
        if (may_be_in_a_name(c)) {
            path += c;
            continue;
        }
        path += '%';
        path += hex_digits[static_cast<unsigned char>(c) >> 4];
        path += hex_digits[c & 0xf];
    }
    return path + ".json";
}

std::string load_cluster_map(const std::string& path, cluster_map& into) {
    std::error_code ec;
    auto size = files::file_size(path, ec);
    if (ec == std::errc::no_such_file_or_directory) return {};
    if (ec) return path + ": " + ec.message();
    if (size > longest_file) return path + ": larger than a map can be";
    std::ifstream in{path, std::ios::binary};
    std::string text{std::istreambuf_iterator<char>{in}, {}};
    if (!in) return path + ": cannot be read";
    auto all = learned_of(json::parse(text, nullptr, false));
    if (!all) return path + ": not a map of a cluster";
    into.learn(*all);
    return {};
}

std::string save_cluster_map(const std::string& path, const cluster_map& from) {
    std::error_code ec;
    files::create_directories(files::path{path}.parent_path(), ec);
    if (ec) return path + ": " + ec.message();
    auto beside = path + ".new";
    std::ofstream out{beside, std::ios::binary | std::ios::trunc};
    out << json_of(from.everything()).dump(-1, ' ', false, json::error_handler_t::replace) << '\n';
    out.close();
    if (!out) return beside + ": cannot be written";
    files::rename(beside, path, ec);
    return ec ? path + ": " + ec.message() : std::string{};
}

}  // namespace outrider::kafka
