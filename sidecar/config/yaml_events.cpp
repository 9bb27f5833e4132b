#include "sidecar/config/yaml_events.hpp"

#include <algorithm>

namespace outrider::config {
namespace {

void discard(fy_diag*, void*, const char*, std::size_t) {}

std::string_view token_text(fy_token* token) {
    std::size_t length = 0;
    const char* text = token != nullptr ? fy_token_get_text(token, &length) : nullptr;
    return text != nullptr ? std::string_view{text, length} : std::string_view{};
}

}  // namespace

yaml_events::event::~event() {
    if (raw_ != nullptr) fy_parser_event_free(parser_, raw_);
}

std::string_view yaml_events::event::text() const { return token_text(fy_event_get_token(raw_)); }

bool yaml_events::event::plain() const {
    return raw_->type == FYET_SCALAR &&
           (raw_->scalar.value == nullptr || fy_scalar_token_get_style(raw_->scalar.value) == FYSS_PLAIN);
}

bool yaml_events::event::flow() const { return fy_event_get_node_style(raw_) == FYNS_FLOW; }

std::string yaml_events::event::anchor() const { return std::string{token_text(fy_event_get_anchor_token(raw_))}; }

std::string yaml_events::event::tag() const { return std::string{token_text(fy_event_get_tag_token(raw_))}; }

std::optional<std::pair<unsigned, unsigned>> yaml_events::event::position() const {
    fy_token* token = fy_event_get_token(raw_);
    const fy_mark* mark = token != nullptr ? fy_token_start_mark(token) : nullptr;
    if (mark == nullptr) return std::nullopt;
    // The mark of these stands behind their first character.
    const auto style = fy_event_get_node_style(raw_);
    const bool behind = raw_->type == FYET_ALIAS || style == FYNS_SINGLE_QUOTED || style == FYNS_DOUBLE_QUOTED;
    const auto column = static_cast<unsigned>(mark->column);
    return std::pair{static_cast<unsigned>(mark->line) + 1, column + (behind && column > 0 ? 0 : 1)};
}

std::optional<std::pair<std::size_t, std::size_t>> yaml_events::event::span() const {
    fy_token* token = fy_event_get_token(raw_);
    const fy_mark* from = token != nullptr ? fy_token_start_mark(token) : nullptr;
    const fy_mark* to = token != nullptr ? fy_token_end_mark(token) : nullptr;
    if (from == nullptr || to == nullptr) return std::nullopt;
    // The marks of these leave out the quotes and the '*'.
    const auto style = fy_event_get_node_style(raw_);
    const bool quoted = style == FYNS_SINGLE_QUOTED || style == FYNS_DOUBLE_QUOTED;
    const bool behind = (raw_->type == FYET_ALIAS || quoted) && from->input_pos > 0;
    return std::pair{from->input_pos - (behind ? 1 : 0), to->input_pos + (quoted ? 1 : 0)};
}

yaml_events::yaml_events(std::string_view bytes, indentation within) {
    fy_diag_cfg how{};
    fy_diag_cfg_default(&how);
    how.fp = nullptr;
    how.output_fn = &discard;
    how.level = FYET_ERROR;
    how.colorize = false;
    diag_.reset(fy_diag_create(&how));
    fy_diag_set_collect_errors(diag_.get(), true);

    fy_parse_cfg parse{};
    const auto sloppy = within == indentation::lenient ? FYPCF_SLOPPY_FLOW_INDENTATION : 0;
    parse.flags = static_cast<fy_parse_cfg_flags>(FYPCF_DEFAULT_VERSION_1_2 | FYPCF_DISABLE_MMAP_OPT |
                                                  FYPCF_COLLECT_DIAG | sloppy);
    parse.diag = diag_.get();
    parser_.reset(fy_parser_create(&parse));
    fy_parser_set_string(parser_.get(), bytes.data(), bytes.size());
}

std::optional<yaml_events::event> yaml_events::next() {
    fy_event* raw = fy_parser_parse(parser_.get());
    if (raw == nullptr) return std::nullopt;
    return event{parser_.get(), raw};
}

std::optional<diagnostic> yaml_events::complaint() const {
    void* previous = nullptr;
    const fy_diag_error* first = fy_diag_errors_iterate(diag_.get(), &previous);
    if (first == nullptr || first->msg == nullptr) return std::nullopt;
    return diagnostic{"", static_cast<unsigned>(std::max(first->line, 1)),
                      static_cast<unsigned>(std::max(first->column, 1)), first->msg};
}

}  // namespace outrider::config
