#include "sidecar/config/declared_capture.hpp"

#include "sidecar/config/capture_values.hpp"

namespace outrider::config {

std::vector<setting> capture_keys() {
    return {
        section("echo", &tracing::echo,
                {
                    value("values", &echo::values, count(0, 64),
                          "how many values of one message; 0: nothing is looked at for this"),
                    value("body", &echo::body, size(0, 64U << 10),
                          "how much of a JSON body is looked into, for these and for `json:` sources; longer ones are "
                          "looked into as far"),
                },
                "values that a message carries (ids in header fields, in its URL, in JSON), hashed and sent to "
                "`collector` only, where what enters an application is tied to what leaves it by them"),
        value("echo_key", &tracing::echo_key, long_secret(),
              "what the hashes of `echo` are made with, the same for all sidecars of an application; without it each "
              "process has a random one")
            .as_secret(),
        list("correlation", &tracing::correlation, value_source_type(),
             "where a message says what it belongs to, beside the correlationid of CloudEvents; the first that has a "
             "value counts"),
    };
}

setting business_keys_setting() {
    return named("keys", &settings::keys,
                 {list("sources", &business_key::sources, value_source_type(),
                       "where a message has the value; the first that has one counts. `path:order` is the segment of "
                       "the path behind one that is called `order` or `orders`; `json:` is for bodies and records of "
                       "JSON")
                      .as_required()},
                 "names that people know an exchange by, such as `order: [\"path:order\", \"json:/orderId\"]`: the "
                 "attributes `chain.key.NAME` of spans, by which chains are found")
        .with_shorthand("sources")
        .with_list_shorthand("sources");
}

}  // namespace outrider::config
