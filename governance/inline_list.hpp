#pragma once

#include <array>
#include <cstddef>
#include <vector>

namespace outrider::governance {

/// A list whose first N elements need no allocation; the others keep theirs over clear().
template <typename T, std::size_t N>
class inline_list {
  public:
    void push_back(const T& value) {
        if (size_ < N)
            inline_[size_] = value;
        else if (size_ - N < more_.size())
            more_[size_ - N] = value;
        else
            more_.push_back(value);
        ++size_;
    }
    void clear() { size_ = 0; }
    void resize_down(std::size_t size) { size_ = size; }
    std::size_t size() const { return size_; }
    bool empty() const { return size_ == 0; }
    T& operator[](std::size_t index) { return index < N ? inline_[index] : more_[index - N]; }
    const T& operator[](std::size_t index) const { return index < N ? inline_[index] : more_[index - N]; }
    T& back() { return (*this)[size_ - 1]; }

  private:
    std::array<T, N> inline_{};
    std::vector<T> more_;
    std::size_t size_ = 0;
};

}  // namespace outrider::governance
