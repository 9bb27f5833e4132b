#pragma once

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "sidecar/config/policies.hpp"
#include "tests/unit/sidecar/config/loading.hpp"

namespace outrider::config::test {

/// A folder that is gone at the end.
class temporary_folder {
  public:
    temporary_folder() {
        std::string name = (std::filesystem::temp_directory_path() / "outrider-policies-XXXXXX").string();
        path_ = ::mkdtemp(name.data());
    }
    ~temporary_folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    temporary_folder(const temporary_folder&) = delete;
    temporary_folder& operator=(const temporary_folder&) = delete;
    std::string path(const std::string& name = "") const {
        return name.empty() ? path_.string() : (path_ / name).string();
    }
    void write(const std::string& name, std::string_view content) const {
        std::filesystem::create_directories((path_ / name).parent_path());
        std::ofstream{path_ / name, std::ios::binary} << content;
    }

  private:
    std::filesystem::path path_;
};

/// The policies, or a test failure that shows the errors.
inline std::vector<governance::policy> must_load_policies(std::string_view yaml,
                                                          const std::string& file = "policies.yaml") {
    auto result = load_policy_text(yaml, file);
    if (auto* errors = std::get_if<diagnostics>(&result)) {
        ADD_FAILURE() << lines(*errors) << yaml;
        return {};
    }
    return std::get<loaded_policies>(std::move(result)).value;
}

}  // namespace outrider::config::test
