#include "tracing/ids.hpp"

#include <bit>
#include <cstring>
#include <random>

#include "tracing/hex.hpp"

namespace outrider::tracing {
namespace {

// Spreads one seed over a whole state (splitmix64, as the authors of xoshiro recommend).
std::uint64_t split_mix(std::uint64_t& state) {
    auto z = state += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

template <std::size_t Size>
bool any_bit(const std::array<std::uint8_t, Size>& bytes) {
    std::array<std::uint64_t, Size / 8> words;
    std::memcpy(words.data(), bytes.data(), Size);
    std::uint64_t all = 0;
    for (auto word : words) all |= word;
    return all != 0;
}

template <std::size_t Size>
std::string to_hex(const std::array<std::uint8_t, Size>& bytes) {
    std::string text(Size * 2, '0');
    write_hex(text.data(), bytes);
    return text;
}

}  // namespace

bool trace_id::valid() const { return any_bit(bytes); }
bool span_id::valid() const { return any_bit(bytes); }
std::string trace_id::hex() const { return to_hex(bytes); }
std::string span_id::hex() const { return to_hex(bytes); }

id_generator::id_generator() : state_{} {
    std::random_device system;
    for (auto& word : state_) word = std::uint64_t{system()} << 32 | system();
    if ((state_[0] | state_[1] | state_[2] | state_[3]) == 0) state_[0] = 1;  // the one state that never leaves zero
}

id_generator::id_generator(std::uint64_t seed) : state_{} {
    for (auto& word : state_) word = split_mix(seed);
}

// xoshiro256**: equidistributed in 256 bits of state and about a nanosecond a word.
std::uint64_t id_generator::next() {
    auto result = std::rotl(state_[1] * 5, 7) * 9;
    auto shifted = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = std::rotl(state_[3], 45);
    return result;
}

trace_id id_generator::new_trace_id() {
    trace_id id;
    do {
        std::array<std::uint64_t, 2> words{next(), next()};
        std::memcpy(id.bytes.data(), words.data(), sizeof words);
    } while (!id.valid());
    return id;
}

span_id id_generator::new_span_id() {
    span_id id;
    do {
        auto word = next();
        std::memcpy(id.bytes.data(), &word, sizeof word);
    } while (!id.valid());
    return id;
}

}  // namespace outrider::tracing
