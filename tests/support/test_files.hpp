#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

#include <gtest/gtest.h>

namespace outrider::test {

/// All bytes of a file; the test fails where it cannot be read.
inline std::string file_text(const std::filesystem::path& file) {
    std::ifstream in{file, std::ios::binary};
    EXPECT_TRUE(in) << file;
    return {std::istreambuf_iterator<char>{in}, {}};
}

inline void write_file(const std::filesystem::path& file, std::string_view content) {
    std::ofstream{file, std::ios::binary} << content;
}

/// What a golden file has to say. OUTRIDER_UPDATE_GOLDEN=1 writes it anew; read the difference before it is kept.
inline void expect_golden(const std::filesystem::path& file, std::string_view said) {
    if (std::getenv("OUTRIDER_UPDATE_GOLDEN") != nullptr) {
        std::filesystem::create_directories(file.parent_path());
        write_file(file, said);
    }
    EXPECT_EQ(said, file_text(file)) << file;
}

/// A folder that is removed, with what is in it, at the end of the test.
class temporary_folder {
  public:
    temporary_folder() {
        std::string pattern = std::filesystem::temp_directory_path() / "outrider-test-XXXXXX";
        if (!::mkdtemp(pattern.data())) throw std::runtime_error("cannot make a temporary folder");
        path_ = pattern;
    }
    ~temporary_folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    temporary_folder(const temporary_folder&) = delete;
    temporary_folder& operator=(const temporary_folder&) = delete;

    const std::string& path() const { return path_; }
    std::string operator/(const std::string& name) const { return path_ + "/" + name; }
    /// Makes the folders in which it stands, too. @return its path
    std::string write(const std::string& name, std::string_view content) const {
        const std::filesystem::path file = *this / name;
        std::filesystem::create_directories(file.parent_path());
        write_file(file, content);
        return file;
    }

  private:
    std::string path_;
};

}  // namespace outrider::test
