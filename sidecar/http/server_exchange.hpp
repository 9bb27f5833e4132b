#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>

#include "sidecar/exchange/deadline_table.hpp"
#include "sidecar/exchange/governed.hpp"
#include "sidecar/exchange/metrics.hpp"
#include "sidecar/exchange/ruling.hpp"
#include "sidecar/exchange/tracer.hpp"
#include "sidecar/http/attempt_outcome.hpp"
#include "sidecar/http/attempt_plan.hpp"
#include "sidecar/http/body.hpp"
#include "sidecar/http/exchange_capture.hpp"
#include "sidecar/http/forward.hpp"
#include "sidecar/http/framing.hpp"
#include "sidecar/http/head_parser.hpp"
#include "sidecar/http/last_good.hpp"
#include "sidecar/http/problem.hpp"
#include "sidecar/http/router.hpp"
#include "sidecar/http/server_connection.hpp"
#include "sidecar/http/time_limit.hpp"
#include "sidecar/http/upstream.hpp"
#include "sidecar/net/event.hpp"

namespace outrider::http {

class data_path;

/// What becomes of the client's connection.
enum class after_exchange : std::uint8_t {
    keep,    ///< the next request may come
    close,   ///< both sides are done
    linger,  ///< the client may still be sending: half-close and read on for a moment
    reset,   ///< the answer is cut off, and the client must notice
};

/// One exchange of HTTP/1.1, from its first byte to its span. Reused from one exchange to the next, so that a warm
/// worker allocates nothing for it.
///
///     head -> identify -> start span -> route -> attempt(s) -> answer -> finish span, metrics, access log
///
/// Most exchanges wait for nothing but the answer. Those are driven by begin() and take(), plain functions between
/// which the connection awaits the upstream's bytes, so that they cost no coroutine frame. Whatever else comes up is
/// handed over to run(), which goes on from where the exchange is.
///
///     begin() -> waits -> take() -> ... -> ended
///        '----------------'--> hands_over -> co_await run()
///
/// Per attempt: a pooled or a new connection, a CLIENT span (outbound), request out, answer in. A body that is not
/// complete when the head goes out is uploaded by a second coroutine, so that an early answer is seen while the client
/// still sends.
class server_exchange {
  public:
    explicit server_exchange(data_path& path);
    ~server_exchange();
    server_exchange(const server_exchange&) = delete;
    server_exchange& operator=(const server_exchange&) = delete;

    /// What is to be done for an exchange.
    enum class progress : std::uint8_t {
        waits,       ///< await read() and give take() what came of it
        hands_over,  ///< await run()
        ended,       ///< see after()
    };
    /// Begins with what is in the connection's read buffer.
    progress begin(server_connection& connection);
    auto read() { return upstream_->stream.read_plain(up_, false); }
    progress take(const net::io_result& got);
    after_exchange after() const { return after_; }
    net::steady_clock::time_point ended_at() const { return facts_.finished; }
    net::awaitable<after_exchange> run();
    /// Gives up what a spare one need not hold.
    void rest() {
        up_.reset();
        capture_.rest();
        stale_answer_.reset();
    }

  private:
    struct upload_state {
        explicit upload_state(net::executor ex) : ended(ex) {}
        net::event ended;
        exchange::failure failure;
        std::string detail;
        bool complete = false;  ///< all of the body went to the upstream
        bool received = false;  ///< all of it came from the client
    };

    /// What is to be done next.
    enum class next_step : std::uint8_t {
        read_head,
        leave,
        refuse,
        tell_options,
        wait_for_turn,
        tunnel,
        attempt,
        answer
    };

    // Reading and judging the request.
    net::awaitable<bool> read_head();
    next_step judge_request();
    next_step admitted() const;
    net::awaitable<after_exchange> tell_options();
    void refuse_malformed(head_error error);
    local_answer own_answer();
    void identify();
    void capture_request();
    bool refuse_early();
    route find_by_host();
    bool find_target();

    // The application's health, of inbound exchanges.
    bool application_is_sick() const;
    void refuse_for_sick();
    void note_application(bool answered);

    // Policies.
    next_step ask_policies();
    next_step heed(governance::verdict verdict);
    void fill_policy_facts();
    static std::string_view find_field(const void* message, std::string_view name);
    net::awaitable<void> wait_for_policies();
    void fail_wait();
    void refuse_by(const governance::decision& why);
    bool refused_by_rule() const;
    void note_answered();
    void finish_policies();

    // Fallbacks.
    const governance::fallback_rule* fallback() const;
    bool may_fall_back() const;
    bool fall_back(local_answer& answer);
    std::string stale_key() const;
    bool find_stale(std::chrono::milliseconds within);
    void begin_copying();
    void copy_piece(std::string_view piece);
    void keep_copy();
    bool replaces_answer();
    net::awaitable<after_exchange> answer_instead();

    // Time.
    void set_time_limit(std::chrono::milliseconds total, time_limit::word by);
    void take_policy_times();
    bool refuse_late();
    void fail_time(std::string_view meanwhile = {});
    void count_timeout(exchange::failure_code code);

    // Attempts: which, and what is learned from them.
    enum class next_attempt : std::uint8_t { none, same_endpoint, any_endpoint };
    void plan_attempts();
    bool may_begin();
    bool take_leave();
    void pick_endpoint();
    void follow_list();
    governance::balancer::rules balance_rules() const;
    void tell_breakers();
    void end_attempt(const exchange::failure& why);
    void abandon_attempt();
    net::awaitable<next_attempt> after_attempt(bool answered);
    attempt_end how_it_ended(bool answered) const;
    net::awaitable<bool> pause(std::chrono::milliseconds wait);
    void discard_answer();

    // Attempts.
    enum class send_outcome : std::uint8_t { whole, partly, broken, timed_out };
    /// How far an attempt is.
    enum class attempt_stage : std::uint8_t { none, begun, sent, failed, unwanted, answered };
    progress attempt_at_once();
    net::awaitable<bool> attempt_until_answered();
    bool begin_attempts();
    net::awaitable<attempt_stage> send_request();
    void frame_request();
    void begin_attempt(next_attempt how);
    bool may_reuse(net::steady_clock::time_point now);
    net::awaitable<bool> connect();
    void name_server(const config::upstream_endpoint& place);
    void build_head();
    std::array<boost::asio::const_buffer, 2> request_parts() const;
    send_outcome send_at_once();
    net::awaitable<send_outcome> send_rest();
    void start_upload();
    net::awaitable<void> upload();
    net::awaitable<void> upload_pieces(upload_state& state);
    net::awaitable<net::error_code> write_upstream_piece(std::string_view size_line, std::string_view piece,
                                                         std::string_view tail);
    void frame_upload(std::string_view piece, const body_decoder& body, std::string& size_line, std::string& tail);
    enum class arrived : std::uint8_t { part, interim, final, bad };
    arrived look_at_answer();
    void await_more_of_answer(net::steady_clock::time_point now);
    attempt_stage judge_attempt(bool answered);
    net::awaitable<bool> read_answer();
    bool judge_answer();
    net::awaitable<bool> pass_interim();
    void fail_read(net::error_code ec);
    void finish_attempt(const exchange::failure& why);
    void record_attempt(const exchange::failure& why);

    // Answering.
    enum class relay_step : std::uint8_t { none, instead, tunnel, more, blocked, ended, failed };
    progress answer_at_once();
    void begin_answer();
    net::awaitable<after_exchange> forward_answer();
    net::awaitable<after_exchange> connect_tunnel();
    net::awaitable<after_exchange> tunnel(exchange::tunnel_kind kind, std::string_view answer);
    bool build_answer_head();
    relay_step relay_piece();
    void await_answer_piece();
    bool take_answer_piece(net::error_code ec, std::size_t n);
    std::array<boost::asio::const_buffer, 3> answer_parts() const;
    bool frame_chunk();
    net::awaitable<bool> write_rest_of_piece();
    net::awaitable<bool> read_answer_piece();
    net::awaitable<after_exchange> cut_off();
    net::awaitable<bool> write_client(std::span<const boost::asio::const_buffer> parts);
    net::awaitable<after_exchange> answer_locally(local_answer answer);
    bool request_is_here();
    after_exchange settle(bool uploaded);
    net::awaitable<void> end_upload();
    net::awaitable<bool> complete_replay();
    void return_connection(net::steady_clock::time_point now);

    void fail(exchange::failure_code code, exchange::origin whose, bool retryable, std::string detail);
    void finish();
    void reset_state();
    /// The settings' own, or as a policy changes them.
    const config::timeouts& times() const { return *times_; }

    data_path& path_;
    server_connection* connection_ = nullptr;
    next_step next_ = next_step::read_head;
    attempt_stage attempt_ = attempt_stage::none;
    send_outcome sent_how_ = send_outcome::whole;  ///< of the attempt under way
    relay_step relay_ = relay_step::none;
    after_exchange after_ = after_exchange::keep;
    bool chunked_ = false;  ///< the answer's body goes out in chunks
    request_head head_;
    request_facts request_;
    response_head answer_;
    response_facts response_;
    net::lent_buffer up_;     ///< read from the upstream
    net::io_buffer body_;     ///< request body on its way up, when it is streamed
    std::string out_;         ///< the head being built, for either side
    std::string_view piece_;  ///< of the answer's body, in `up_`
    std::string tail_;        ///< what follows it
    exchange::started_span span_;
    exchange::started_span retry_span_;
    const exchange::started_span* attempt_span_ = &span_;
    exchange_capture capture_;
    exchange::open_exchange open_;  ///< inbound, and not over
    exchange::http_facts facts_;
    exchange::attempt_facts attempt_facts_;
    governance::facts policy_facts_;
    std::string policy_host_;  ///< the host in lower case, where it came otherwise
    exchange::governed governed_;
    exchange::ruling ruling_;
    governance::decision refusal_;                     ///< by a rule, when its failure is the exchange's
    std::unique_ptr<local_answer> instead_;            ///< of the upstream's answer
    std::shared_ptr<const good_answer> stale_answer_;  ///< being given again
    std::unique_ptr<good_answer> copy_;                ///< of the answer that passes
    std::string copy_key_;
    governance::decision breaker_;  ///< that gave no leave for an attempt
    attempt_plan plan_;
    time_limit limit_;
    exchange::remembered_deadline remembered_;
    config::timeouts own_times_;  ///< with a policy's changes
    const config::timeouts* times_ = nullptr;
    net::steady_timer pause_timer_;
    std::shared_ptr<upstream> target_;    ///< held for the exchange: a dynamic one may be forgotten meanwhile
    group_handle group_;                  ///< of `target_`, as of the attempt under way: held, since lists change
    endpoint_state* endpoint_ = nullptr;  ///< of `group_`: where the attempt goes
    std::size_t endpoint_index_ = 0;
    net::steady_clock::time_point attempt_began_{}, head_at_{};  ///< where somebody learns from it
    connection_handle upstream_;
    std::size_t sent_ = 0;  ///< bytes of the write under way that are out
    std::unique_ptr<upload_state> upload_;
    exchange::failure failure_;
    head_error malformed_ = head_error::none;  ///< the rule that the request's head breaks
    std::string detail_;
    body_decoder answer_body_;
    std::size_t body_in_buffer_ = 0;  ///< bytes of a complete request body behind the head
    bool body_buffered_ = false;      ///< the whole request body is here: in the read buffer, or in `replay_`
    bool keeps_body_ = false;         ///< the body is small enough, so far, to be kept for another attempt
    bool repeatable_ = false;         ///< may go out again over a fresh connection when a pooled one is closed
    bool may_retry_ = false;          ///< may go out again as a retry policy says
    bool learns_ = false;             ///< breakers or a balancer are told how attempts end
    bool attempt_open_ = false;       ///< one is under way that they have not been told the end of
    std::string replay_;              ///< the body that is kept, framed as it went out
    bool answer_started_ = false;     ///< the client has seen a part of the answer
    std::string upload_frame_;        ///< chunk framing around a piece of body
    bool stale_ = false;              ///< a pooled connection turned out to be closed
    bool reused_ = false;             ///< the attempt goes over a pooled connection
    bool client_keeps_ = true;
    bool charges_bytes_ = false;  ///< a limit counts the bytes of bodies
    bool finished_ = false;
};

}  // namespace outrider::http
