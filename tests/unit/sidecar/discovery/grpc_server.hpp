#pragma once

#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include <nghttp2/nghttp2.h>

namespace outrider::discovery {

/// The server's side of one gRPC call over HTTP/2, without a socket.
class grpc_server {
  public:
    using fields = std::vector<std::pair<std::string, std::string>>;
    /// What a call is answered with. Without a message the trailers go out as the head.
    struct answer {
        std::string message;  ///< with its five bytes in front
        fields head{{":status", "200"}, {"content-type", "application/grpc"}};
        fields trailers{{"grpc-status", "0"}};
    };
    explicit grpc_server(answer what) : answer_(std::move(what)) {
        nghttp2_session_callbacks* calls = nullptr;
        nghttp2_session_callbacks_new(&calls);
        nghttp2_session_callbacks_set_on_header_callback(calls, &on_header);
        nghttp2_session_callbacks_set_on_data_chunk_recv_callback(calls, &on_data);
        nghttp2_session_callbacks_set_on_frame_recv_callback(calls, &on_frame);
        nghttp2_session_server_new(&session_, calls, this);
        nghttp2_session_callbacks_del(calls);
        nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, nullptr, 0);
    }
    ~grpc_server() { nghttp2_session_del(session_); }
    grpc_server(const grpc_server&) = delete;
    grpc_server& operator=(const grpc_server&) = delete;

    void receive(const std::string& bytes) {
        nghttp2_session_mem_recv(session_, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
    }
    std::string to_send() {
        std::string out;
        const std::uint8_t* bytes = nullptr;
        for (ssize_t size; (size = nghttp2_session_mem_send(session_, &bytes)) > 0;)
            out.append(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
        return out;
    }

    fields asked;
    std::string request;

  private:
    static grpc_server& of(void* self) { return *static_cast<grpc_server*>(self); }
    static int on_header(nghttp2_session*, const nghttp2_frame*, const std::uint8_t* name, std::size_t name_size,
                         const std::uint8_t* value, std::size_t value_size, std::uint8_t, void* self) {
        of(self).asked.emplace_back(std::string(reinterpret_cast<const char*>(name), name_size),
                                    std::string(reinterpret_cast<const char*>(value), value_size));
        return 0;
    }
    static int on_data(nghttp2_session*, std::uint8_t, std::int32_t, const std::uint8_t* data, std::size_t size,
                       void* self) {
        of(self).request.append(reinterpret_cast<const char*>(data), size);
        return 0;
    }
    static int on_frame(nghttp2_session*, const nghttp2_frame* frame, void* self) {
        if ((frame->hd.type == NGHTTP2_DATA || frame->hd.type == NGHTTP2_HEADERS) &&
            (frame->hd.flags & NGHTTP2_FLAG_END_STREAM))
            of(self).reply(frame->hd.stream_id);
        return 0;
    }
    static std::vector<nghttp2_nv> encoded(const fields& from) {
        std::vector<nghttp2_nv> out;
        for (const auto& [name, value] : from)
            out.push_back({reinterpret_cast<std::uint8_t*>(const_cast<char*>(name.data())),
                           reinterpret_cast<std::uint8_t*>(const_cast<char*>(value.data())), name.size(), value.size(),
                           NGHTTP2_NV_FLAG_NONE});
        return out;
    }
    static ssize_t read_body(nghttp2_session* session, std::int32_t stream, std::uint8_t* into, std::size_t size,
                             std::uint32_t* flags, nghttp2_data_source* from, void*) {
        auto& own = of(from->ptr);
        const auto piece = std::min(size, own.answer_.message.size() - own.sent_);
        std::memcpy(into, own.answer_.message.data() + own.sent_, piece);
        own.sent_ += piece;
        if (own.sent_ < own.answer_.message.size()) return static_cast<ssize_t>(piece);
        *flags |= NGHTTP2_DATA_FLAG_EOF;
        if (own.answer_.trailers.empty()) return static_cast<ssize_t>(piece);
        *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
        const auto trailers = encoded(own.answer_.trailers);
        nghttp2_submit_trailer(session, stream, trailers.data(), trailers.size());
        return static_cast<ssize_t>(piece);
    }
    void reply(std::int32_t stream) {
        if (answer_.message.empty()) {
            answer_.head.insert(answer_.head.end(), answer_.trailers.begin(), answer_.trailers.end());
            const auto head = encoded(answer_.head);
            nghttp2_submit_response(session_, stream, head.data(), head.size(), nullptr);
            return;
        }
        nghttp2_data_provider body{};
        body.source.ptr = this;
        body.read_callback = &read_body;
        const auto head = encoded(answer_.head);
        nghttp2_submit_response(session_, stream, head.data(), head.size(), &body);
    }

    answer answer_;
    std::size_t sent_ = 0;
    nghttp2_session* session_ = nullptr;
};

}  // namespace outrider::discovery
