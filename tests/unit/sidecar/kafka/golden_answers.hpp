#pragma once

#include <charconv>
#include <cstdint>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace outrider::kafka {

/// One line of tests/data/kafka/answers.txt, which another implementation of the protocol wrote.
struct golden_answer {
    std::int16_t key = 0;
    std::int16_t version = 0;
    std::string name;
    std::string answer;
    std::string expected;  ///< the answer itself where all passes

    std::string title() const { return std::to_string(key) + " v" + std::to_string(version) + " " + name; }
};

inline std::string bytes_of_hex(const std::string& hex) {
    std::string bytes;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
        unsigned byte = 0;
        std::from_chars(hex.data() + i, hex.data() + i + 2, byte, 16);
        bytes += static_cast<char>(byte);
    }
    return bytes;
}

inline std::vector<golden_answer> golden_answers() {
    std::ifstream file{OUTRIDER_TEST_DATA "/kafka/answers.txt"};
    std::vector<golden_answer> all;
    for (std::string line; std::getline(file, line);) {
        std::istringstream words{line};
        golden_answer one;
        std::string answer, expected;
        words >> one.key >> one.version >> one.name >> answer >> expected;
        one.answer = bytes_of_hex(answer);
        one.expected = expected == "-" ? one.answer : bytes_of_hex(expected);
        all.push_back(std::move(one));
    }
    return all;
}

}  // namespace outrider::kafka
