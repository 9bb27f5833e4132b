#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

namespace outrider::http {

/// A copy of `text` on the heap without a byte of slack, so that AddressSanitizer sees a read past its end.
class exact_copy {
  public:
    explicit exact_copy(std::string_view text) : bytes_(new char[text.size()]), size_(text.size()) {
        text.copy(bytes_.get(), size_);
    }
    std::string_view view() const { return {bytes_.get(), size_}; }
    char* data() { return bytes_.get(); }
    std::size_t size() const { return size_; }

  private:
    std::unique_ptr<char[]> bytes_;
    std::size_t size_;
};

/// Calls `check(prefix)` for every prefix of `text`, from the empty one to the whole.
template <typename Check>
void for_every_prefix(std::string_view text, Check check) {
    for (std::size_t size = 0; size <= text.size(); ++size) {
        exact_copy prefix{text.substr(0, size)};
        check(prefix.view());
    }
}

}  // namespace outrider::http
