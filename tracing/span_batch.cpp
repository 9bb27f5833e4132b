#include "tracing/span_batch.hpp"

namespace outrider::tracing {

std::string_view span_batch::keep(std::string_view request) {
    clear();
    request_.assign(request);
    return request_;
}

void span_batch::take(std::vector<span_data> spans) {
    clear();
    taken_ = std::move(spans);
    std::vector<attribute_view> of_one;
    for (const auto& span : taken_) {
        spans_.push_back(view_of(span, of_one));
        attributes_.insert(attributes_.end(), of_one.begin(), of_one.end());
        ends_.push_back(here());
        beside_ += memory_of(span);
    }
    std::size_t begin = 0;
    for (std::size_t i = 0; i < spans_.size(); ++i) {
        spans_[i].attributes = std::span{attributes_}.subspan(begin, ends_[i].attributes - begin);
        begin = ends_[i].attributes;
    }
}

void span_batch::set_lists() {
    extent begin;
    for (std::size_t i = 0; i < spans_.size(); ++i) {
        const auto& end = ends_[i];
        spans_[i].attributes = {attributes_.data() + begin.attributes, end.attributes - begin.attributes};
        spans_[i].events = {events_.data() + begin.events, end.events - begin.events};
        spans_[i].links = {links_.data() + begin.links, end.links - begin.links};
        begin = end;
    }
}

span_batch::extent span_batch::here() const {
    return {static_cast<std::uint32_t>(attributes_.size()), static_cast<std::uint32_t>(events_.size()),
            static_cast<std::uint32_t>(links_.size())};
}

void span_batch::clear() {
    spans_.clear();
    ends_.clear();
    attributes_.clear();
    events_.clear();
    links_.clear();
    origins_.clear();
    texts_.clear();
    nested_.clear();
    taken_.clear();
    beside_ = 0;
    rejected_ = 0;
}

std::size_t span_batch::memory() const {
    return request_.capacity() + spans_.capacity() * sizeof(span_view) + ends_.capacity() * sizeof(extent) +
           attributes_.capacity() * sizeof(attribute_view) + events_.capacity() * sizeof(span_event) +
           links_.capacity() * sizeof(span_reference) + beside_;
}

}  // namespace outrider::tracing
