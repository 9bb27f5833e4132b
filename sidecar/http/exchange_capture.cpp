#include "sidecar/http/exchange_capture.hpp"

#include <algorithm>

namespace outrider::http {

bool describes_json(const field_list& fields) {
    const auto* type = fields.find(field_id::content_type);
    if (!type) return false;
    const auto media = trim(type->value.substr(0, type->value.find(';')));
    constexpr std::string_view json = "application/json", suffix = "+json";
    const bool fits = same_name(media, json) ||
                      (media.size() > suffix.size() && same_name(media.substr(media.size() - suffix.size()), suffix));
    const auto* coding = fits ? fields.find(field_id::content_encoding) : nullptr;
    return fits && (!coding || same_name(coding->value, "identity"));
}

void exchange_capture::kept_body::add(const field_list& head, std::string_view piece, bool last, std::size_t most) {
    if (state_ == state::unknown) state_ = describes_json(head) ? state::wanted : state::unwanted;
    if (state_ == state::wanted) append(piece, most);
    ended_ = ended_ || last;
}

void exchange_capture::kept_body::append(std::string_view piece, std::size_t most) {
    const auto fits = std::min(piece.size(), most - std::min(bytes_.size(), most));
    cut_ = cut_ || fits < piece.size();
    bytes_.append(piece.substr(0, fits));
}

const tracing::message_capture* exchange_capture::of_request(const request_head& head,
                                                             const exchange::http_facts& facts, std::string_view body) {
    if (!on_) return nullptr;
    if (read_) return &found_;
    read_ = true;
    for (const auto& each : head.fields) {
        // Fields that the sidecar knows by name carry no ids of the application's, but for this one.
        if (each.id == field_id::other || each.id == field_id::x_request_id) found_.field(each.name, each.value);
    }
    found_.path(facts.path);
    if (!facts.query.empty()) found_.query(facts.query);
    if (request_.any()) {
        found_.json(request_.bytes(), request_.whole());
    } else if (!body.empty() && plan_.wants_body() && describes_json(head.fields)) {
        found_.json(body.substr(0, plan_.body_bytes), body.size() <= plan_.body_bytes);
    }
    return &found_;
}

void exchange_capture::begin_answer(const response_head& head) {
    of_answer_ = on_ && read_ && found_.wants_answer() && describes_json(head.fields);
}

void exchange_capture::answer_piece(std::string_view piece, bool last) {
    if (!of_answer_) return;
    if (last && !answer_.any()) {
        found_.answer(piece.substr(0, plan_.body_bytes), piece.size() <= plan_.body_bytes);
        of_answer_ = false;
        return;
    }
    answer_.append(piece, plan_.body_bytes);
    if (!last && answer_.bytes().size() < plan_.body_bytes) return;
    if (last) answer_.end();
    found_.answer(answer_.bytes(), answer_.whole());
    of_answer_ = false;
}

}  // namespace outrider::http
