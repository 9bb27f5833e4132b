#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <boost/system/result.hpp>

namespace outrider::collector {

/// What a sidecar tells of itself, judged field by field and written anew: nothing of it is the sender's own text but
/// what stands in strings, and these are valid UTF-8 and short.
struct sidecar_card {
    std::string id;  ///< by a hash of the process' secret: who does not know the secret cannot write into the card
    std::string service, instance;
    bool stopped = false;  ///< it has said that this was the last time
    std::string body;      ///< JSON members without the braces: `"service":"orders",...`
};

/// What is wrong with a card, for whoever sent it.
struct bad_card {
    std::string why;
};
boost::system::result<sidecar_card, bad_card> read_sidecar_card(std::string_view json);

}  // namespace outrider::collector
