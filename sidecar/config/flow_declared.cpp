#include "sidecar/config/flow_declared.hpp"

#include "sidecar/config/flow_values.hpp"
#include "sidecar/config/policy_values.hpp"

// The table of what flows may say, in the order users read it.

namespace outrider::config {
namespace {

using flows::event_kind;
using flows::event_match;
using flows::flow_text;
using flows::unstarted_run;

std::vector<setting> event_keys() {
    return {
        value_of_owner("produce", event_topic(event_kind::produce), "records were put into this topic"),
        value_of_owner("consume", event_topic(event_kind::consume), "records of this topic were handled"),
        value_of_owner("inbound", event_request(event_kind::inbound), "a service answered such a request"),
        value_of_owner("outbound", event_request(event_kind::outbound), "a service had such a request answered"),
        value("service", &event_match::service, glob(), "the service whose sidecar saw it"),
        value("upstream", &event_match::upstream, glob(), "of outbound: the upstream that was asked"),
        value("status", &event_match::status, event_status(),
              "how it ended: ok (no error, and below 400), error, any, 2xx, 404; what failed is no event without it"),
    };
}

std::vector<setting> flow_keys() {
    return {
        value("name", &flow_text::name, word(), "its name in the API, metrics and alerts; no two have the same")
            .as_required(),
        value("description", &flow_text::description, text(), "a sentence for people"),
        value("by", &flow_text::by, word(),
              "the business key (`keys` of the sidecars) whose value makes a run; without it a run is a chain"),
        named("events", &flow_text::events, event_keys(), "which spans mean what, by name").as_required(),
        value("expect", &flow_text::expect, text(),
              "what follows what: `a -> b | c end within 5s -> (d & e x 1..3) within 1m`")
            .as_required(),
        table("compensate", &flow_text::compensate, text(),
              "what must follow an event that undoes a run: `payment.failed: stock.released within 10s`"),
        value("recurring", &flow_text::recurring, yes_or_no(),
              "a first step after a run's end begins another run of that key, and is no duplicate"),
        value("unstarted", &flow_text::unstarted,
              choice<unstarted_run>({{"missing", unstarted_run::missing}, {"ignored", unstarted_run::ignored}}),
              "later steps of a run whose first was not seen: the first is `missing`, or they are `ignored`"),
    };
}

}  // namespace

const setting& declared_flows() {
    static const setting root = {"",
                                 shape::section,
                                 "a file of flows",
                                 {},
                                 {},
                                 {sections("flows", &flow_file::flows, flow_keys(), "the flows")},
                                 &to_itself};
    return root;
}

}  // namespace outrider::config
