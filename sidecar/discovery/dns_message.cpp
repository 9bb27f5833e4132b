#include "sidecar/discovery/dns_message.hpp"

#include <algorithm>
#include <array>

#include <arpa/inet.h>

namespace outrider::discovery {
namespace {

constexpr std::size_t header_size = 12;
constexpr std::size_t longest_name = 255;
constexpr unsigned most_records = 4'096;
constexpr std::uint16_t internet = 1;
constexpr std::uint16_t alias = 5;

/// Reads forward through a message, and fails sticky.
class message_reader {
  public:
    explicit message_reader(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}

    bool failed() const { return failed_; }
    std::size_t at() const { return at_; }
    void move_to(std::size_t place) { place <= bytes_.size() ? void(at_ = place) : fail(); }
    void skip(std::size_t count) { count <= left() ? void(at_ += count) : fail(); }
    std::size_t left() const { return bytes_.size() - at_; }

    std::uint16_t int16() {
        const auto two = take(2);
        return two.empty() ? std::uint16_t{0} : static_cast<std::uint16_t>(two[0] << 8 | two[1]);
    }
    std::uint32_t int32() {
        const std::uint32_t high = int16();
        return high << 16 | int16();
    }
    std::span<const std::uint8_t> take(std::size_t count) {
        if (failed_ || count > left()) return fail(), std::span<const std::uint8_t>{};
        at_ += count;
        return bytes_.subspan(at_ - count, count);
    }
    std::string name();

  private:
    void fail() { failed_ = true; }
    std::span<const std::uint8_t> bytes_;
    std::size_t at_ = 0;
    bool failed_ = false;
};

/// A name, with its labels joined by dots. A pointer must lead to an earlier place than the one before it, so that
/// every name ends (RFC 1035 4.1.4).
std::string message_reader::name() {
    std::string out;
    auto lowest = at_;
    auto end = std::size_t{0};
    while (!failed_) {
        const auto length = take(1);
        if (failed_ || length[0] == 0) break;
        if ((length[0] & 0xc0) == 0xc0) {
            const auto low = take(1);
            if (failed_) break;
            const auto target = static_cast<std::size_t>((length[0] & 0x3f) << 8 | low[0]);
            if (end == 0) end = at_;
            if (target >= lowest) {
                fail();
                break;
            }
            at_ = lowest = target;
            continue;
        }
        if ((length[0] & 0xc0) != 0 || out.size() + length[0] + 1U > longest_name) fail();
        const auto label = take(length[0]);
        if (!out.empty()) out += '.';
        out.append(reinterpret_cast<const char*>(label.data()), label.size());
    }
    if (end != 0 && !failed_) at_ = end;
    return out;
}

std::string address_text(int family, std::span<const std::uint8_t> bytes) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    return ::inet_ntop(family, bytes.data(), text.data(), text.size()) ? text.data() : "";
}

/// One record whose type was asked for. @return whether it has the form that its type asks for
bool add_record(message_reader& in, dns_type type, std::size_t length, dns_answer& out) {
    const auto begin = in.at();
    if (type == dns_type::srv) {
        srv_record record{in.int16(), in.int16(), in.int16(), {}};
        record.target = in.name();
        if (in.failed() || in.at() - begin != length) return false;
        out.services.push_back(std::move(record));
        return true;
    }
    const bool v6 = type == dns_type::aaaa;
    if (length != (v6 ? 16U : 4U)) return false;
    const auto bytes = in.take(length);
    if (in.failed()) return false;
    out.addresses.push_back(address_text(v6 ? AF_INET6 : AF_INET, bytes));
    return true;
}

}  // namespace

std::optional<dns_answer> parse_dns_answer(std::span<const std::uint8_t> message, dns_type asked) {
    message_reader in{message};
    in.skip(4);
    const auto questions = in.int16();
    const auto answers = in.int16();
    in.skip(header_size - 8);
    for (unsigned i = 0; i < questions && !in.failed(); ++i) {
        (void)in.name();
        in.skip(4);
    }
    dns_answer out;
    bool any = false;
    for (unsigned i = 0; i < std::min<unsigned>(answers, most_records) && !in.failed(); ++i) {
        (void)in.name();
        const auto type = in.int16();
        const auto of_class = in.int16();
        const auto ttl = in.int32();
        const std::size_t length = in.int16();
        if (in.failed() || length > in.left()) return std::nullopt;
        const auto end = in.at() + length;
        const bool wanted = of_class == internet && type == static_cast<std::uint16_t>(asked);
        if (wanted && !add_record(in, asked, length, out)) return std::nullopt;
        if (wanted || (of_class == internet && type == alias)) {
            // RFC 2181 8: a time with its highest bit set is zero.
            const auto valid = ttl > 0x7fffffff ? 0 : ttl;
            out.ttl = any ? std::min(out.ttl, valid) : valid;
            any = true;
        }
        in.move_to(end);
    }
    if (in.failed()) return std::nullopt;
    return out;
}

}  // namespace outrider::discovery
