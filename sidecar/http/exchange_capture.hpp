#pragma once

#include <string>
#include <string_view>

#include "sidecar/exchange/facts.hpp"
#include "sidecar/http/head.hpp"
#include "tracing/capture/message_capture.hpp"

namespace outrider::http {

/// What the messages of one exchange say for chains. Heads and bodies that are in the read buffer are read where they
/// lie, once the exchange is known to be recorded; of bodies that stream, the beginning is copied as it passes.
/// Reused; once warm it allocates nothing.
class exchange_capture {
  public:
    explicit exchange_capture(const tracing::capture_plan& plan) : plan_(plan), found_(plan) {}

    /// A new exchange. @param recorded  whether it gets a span
    void begin(bool recorded) {
        on_ = recorded && plan_.any();
        read_ = false;
        request_.reset();
        answer_.reset();
        if (on_) found_.clear();
    }

    /// Whether anything is kept of this exchange.
    bool on() const { return on_; }
    /// A piece of a request's body on its way up. @param last  the body ends with it
    void request_piece(const request_head& head, std::string_view piece, bool last) {
        if (on_ && plan_.wants_body()) request_.add(head.fields, piece, last, plan_.body_bytes);
    }
    /// What the request says, read when first asked for; null: nothing is kept of this exchange.
    /// @param body  where it lies whole in the read buffer
    const tracing::message_capture* of_request(const request_head& head, const exchange::http_facts& facts,
                                               std::string_view body);
    /// An answer's head, after of_request(): whether its body may tell more.
    void begin_answer(const response_head& head);
    /// @param last  the body ends with this piece
    void answer_piece(std::string_view piece, bool last);

    /// Gives up what a spare one need not hold.
    void rest() {
        request_.rest();
        answer_.rest();
    }

  private:
    /// The beginning of a body that streams.
    class kept_body {
      public:
        void reset() {
            state_ = state::unknown;
            cut_ = ended_ = false;
            bytes_.clear();
        }
        void rest() {
            if (bytes_.capacity() > std::string{}.capacity()) bytes_ = {};
        }
        /// @param head  tells, with the first piece, whether it is wanted
        void add(const field_list& head, std::string_view piece, bool last, std::size_t most);
        void append(std::string_view piece, std::size_t most);
        bool any() const { return !bytes_.empty(); }
        std::string_view bytes() const { return bytes_; }
        /// All of it is here: a body that breaks off, or is still on its way, is not.
        bool whole() const { return ended_ && !cut_; }
        void end() { ended_ = true; }

      private:
        enum class state : std::uint8_t { unknown, wanted, unwanted };
        state state_ = state::unknown;
        bool cut_ = false, ended_ = false;
        std::string bytes_;
    };

    const tracing::capture_plan& plan_;
    tracing::message_capture found_;
    kept_body request_, answer_;
    bool on_ = false;
    bool read_ = false;       ///< the request was
    bool of_answer_ = false;  ///< the answer's body is looked at
};

/// Whether the fields describe a body of JSON that is not compressed.
bool describes_json(const field_list& fields);

}  // namespace outrider::http
