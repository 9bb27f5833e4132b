#include "sidecar/config/policies.hpp"

#include <filesystem>

#include "sidecar/config/diagnostic_order.hpp"
#include "sidecar/config/policy_declared.hpp"
#include "sidecar/config/policy_rules.hpp"
#include "sidecar/config/yaml.hpp"
#include "sidecar/config/yaml_files.hpp"

namespace outrider::config {
namespace {

constexpr std::size_t most_policies = 5'000;
constexpr std::size_t most_of_a_body = 1U << 20;
constexpr const char* root_of_files = "policies";
constexpr const char* root_in_place = "policies.in_place";

governance::place place_of(const origins& where, const std::string& path) {
    const auto found = where.find(path + ".name");
    if (found == where.end()) return {};
    return {found->second.name, found->second.line, found->second.column};
}

/// One run: gathers policies from everywhere, then judges them.
class policy_loading {
  public:
    explicit policy_loading(const policy_input& input) : input_(input) {}
    void add_in_place();
    void add_file(const std::string& file);
    void add_text(std::string_view yaml, const std::string& file);
    void add_path();
    policies_result finish();
    /// Fallback files in the order of the policies, with the stamps that they had before they were read.
    const std::vector<std::string>& fallback_files() const { return fallback_files_; }
    const std::string& fallback_stamps() const { return fallback_stamps_; }

  private:
    void add(std::vector<governance::policy> policies, const std::string& root, std::shared_ptr<const origins> where,
             std::shared_ptr<const std::set<std::string>> failed);
    void read_fallback(read_policy& of);

    const policy_input& input_;
    std::vector<read_policy> all_;
    std::vector<std::string> files_;  ///< in the order read: errors are told in it
    std::vector<std::string> fallback_files_;
    std::string fallback_stamps_;
    policy_findings found_;
};

void policy_loading::add(std::vector<governance::policy> policies, const std::string& root,
                         std::shared_ptr<const origins> where, std::shared_ptr<const std::set<std::string>> failed) {
    std::size_t number = 0;
    for (auto& each : policies) {
        const auto path = join(root, std::to_string(number++));
        each.where = place_of(*where, path);
        all_.push_back({std::move(each), path, where, failed});
    }
}

void policy_loading::add_in_place() {
    if (input_.in_place.empty()) return;
    add(input_.in_place, root_in_place, std::make_shared<origins>(input_.origins),
        std::make_shared<std::set<std::string>>());
    files_.push_back(all_.front().value.where.file);
}

void policy_loading::add_text(std::string_view yaml, const std::string& file) {
    files_.push_back(file);
    auto tree = parse_yaml(yaml, file, found_.errors);
    if (!tree.whole) return;
    policy_file read_into;
    reader read{input_.environment, found_.errors, declared_policies()};
    read.read(declared_policies(), tree.root, &read_into, "");
    if (read_into.policies.empty() && read.failed().empty())
        found_.warnings.push_back({file, 0, 0, "holds no policies"});
    add(std::move(read_into.policies), root_of_files, std::make_shared<origins>(read.where()),
        std::make_shared<std::set<std::string>>(read.failed()));
}

void policy_loading::add_file(const std::string& file) {
    std::string yaml;
    if (auto wrong = read_file(file, yaml_bounds{}.bytes, yaml); !wrong.empty()) {
        files_.push_back(file);
        found_.errors.push_back({file, 0, 0, std::move(wrong)});
        return;
    }
    add_text(yaml, file);
}

void policy_loading::add_path() {
    if (input_.path.empty()) return;
    std::vector<std::string> files;
    if (auto wrong = list_yaml_files(input_.path, files); !wrong.empty())
        found_.errors.push_back({input_.path, 0, 0, std::move(wrong)});
    else if (files.empty())
        found_.warnings.push_back({input_.path, 0, 0, "holds no *.yaml and no *.yml"});
    for (const auto& file : files) add_file(file);
}

/// The content of a fallback's file becomes its body; the file's folder is that of the policy.
void policy_loading::read_fallback(read_policy& of) {
    auto& rule = *of.value.fallback;
    const auto found = of.origins->find(of.path + ".fallback.file");
    if (rule.file.empty() || found == of.origins->end()) return;
    const auto& where = found->second;
    const auto folder = std::filesystem::path{where.name}.parent_path().string();
    const auto file = from_folder(where.from == source::file ? folder : "", rule.file);
    fallback_files_.push_back(file);
    fallback_stamps_ += file_stamp(file);
    std::error_code error;
    complaint wrong;
    if (std::filesystem::exists(file, error) && !std::filesystem::is_regular_file(file, error))
        wrong = "'" + file + "' is not a regular file";
    else
        wrong = read_file(file, most_of_a_body, rule.body);
    if (!wrong.empty())
        found_.errors.push_back(at(where, "policy '" + of.value.name + "': the fallback's file: " + wrong));
}

policies_result policy_loading::finish() {
    if (all_.size() > most_policies) {
        found_.errors.push_back({all_[most_policies].value.where.file, all_[most_policies].value.where.line,
                                 all_[most_policies].value.where.column,
                                 "more than " + std::to_string(most_policies) + " policies"});
        all_.resize(most_policies);
    }
    for (auto& each : all_) {
        policy_rules{each, found_}.check();
        if (each.value.fallback) read_fallback(each);
    }
    check_together(all_, input_.fleet, found_);
    put_in_order(found_.errors, files_);
    put_in_order(found_.warnings, files_);
    if (!found_.errors.empty()) return std::move(found_.errors);
    loaded_policies out;
    for (auto& each : all_) out.value.push_back(std::move(each.value));
    out.warnings = std::move(found_.warnings);
    return out;
}

}  // namespace

policy_input policies_of(const loaded& configuration, environment variables) {
    const auto& given = configuration.origins;
    const auto first = given.lower_bound("fleet.");
    const bool fleet = first != given.end() && first->first.starts_with("fleet.");
    return {configuration.value.policies.path, configuration.value.policies.in_place, given, std::move(variables),
            fleet};
}

policies_result load_policies(const policy_input& input, policy_files* involved) {
    // Before anything is read: what changes meanwhile is seen as a change.
    const auto before = fingerprint({input.path, {}, {}});
    policy_loading loading{input};
    loading.add_in_place();
    loading.add_path();
    auto result = loading.finish();
    if (involved != nullptr) *involved = {input.path, loading.fallback_files(), before + loading.fallback_stamps()};
    return result;
}

policies_result load_policy_text(std::string_view yaml, const std::string& file, const policy_input& input) {
    policy_loading loading{input};
    loading.add_in_place();
    loading.add_text(yaml, file);
    return loading.finish();
}

}  // namespace outrider::config
