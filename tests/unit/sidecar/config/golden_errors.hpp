#pragma once

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/test_files.hpp"

namespace outrider::config::test {

/// Mistakes and what is said about them: NAME.yaml is what the user wrote, NAME.expected what they read.
/// OUTRIDER_UPDATE_GOLDEN=1 writes the .expected files anew; read the difference before it is kept.
class golden_errors {
  public:
    explicit golden_errors(const std::string& name) : folder_(folder_of(name)) {}

    std::vector<std::string> cases() const {
        std::vector<std::string> names;
        for (const auto& entry : std::filesystem::directory_iterator{folder_})
            if (entry.path().extension() == ".yaml") names.push_back(entry.path().stem().string());
        std::sort(names.begin(), names.end());
        return names;
    }

    std::string yaml(const std::string& name) const { return outrider::test::file_text(folder_ / (name + ".yaml")); }

    void expect(const std::string& name, const std::string& said) const {
        SCOPED_TRACE(yaml(name));
        outrider::test::expect_golden(folder_ / (name + ".expected"), said);
    }

  private:
    static std::filesystem::path folder_of(const std::string& name) {
        return std::filesystem::path{OUTRIDER_TEST_DATA} / "config" / name;
    }

    std::filesystem::path folder_;
};

}  // namespace outrider::config::test
