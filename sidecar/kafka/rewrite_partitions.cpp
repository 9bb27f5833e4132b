// Answers that name the nodes of partitions: Produce, Fetch, ShareFetch, ShareAcknowledge.
#include "sidecar/kafka/rewrite_edit.hpp"

namespace outrider::kafka {
namespace {

/// Passes an array of topics, each an array of partitions: `head()` reads what names the topic.
template <class Head, class Partition>
void pass_topics(rewriting& at, Head&& head, Partition&& partition) {
    pass_array(at, [&] {
        head();
        pass_array(at, [&] {
            partition();
            at.in.skip_tags(at.how);
        });
        at.in.skip_tags(at.how);
    });
}

void pass_produced_partition(rewriting& at) {
    at.in.skip(4 + 2 + 8 + 8 + 8);  // partition, error, base offset, append time, log start
    pass_array(at, [&] {
        at.in.skip(4);               // record
        (void)at.in.string(at.how);  // message
        at.in.skip_tags(at.how);
    });
    (void)at.in.string(at.how);  // message
}

void pass_fetched_partition(rewriting& at) {
    at.in.skip(4 + 2 + 8 + 8 + 8);  // partition, error, high watermark, last stable offset, log start
    pass_array(at, [&] {
        at.in.skip(8 + 8);  // producer, first offset
        at.in.skip_tags(at.how);
    });
    at.in.skip(4);              // preferred replica
    (void)at.in.bytes(at.how);  // records
}

void pass_error(rewriting& at) {
    at.in.skip(2);
    (void)at.in.string(at.how);
}

void pass_current_leader(rewriting& at) {
    at.in.skip(4 + 4);
    at.in.skip_tags(at.how);
}

void pass_share_fetched_partition(rewriting& at) {
    at.in.skip(4);  // partition
    pass_error(at);
    pass_error(at);  // of the acknowledgement
    pass_current_leader(at);
    (void)at.in.bytes(at.how);  // records
    pass_array(at, [&] {
        at.in.skip(8 + 8 + 2);  // first, last, deliveries
        at.in.skip_tags(at.how);
    });
}

void pass_share_acknowledged_partition(rewriting& at) {
    at.in.skip(4);  // partition
    pass_error(at);
    pass_current_leader(at);
}

/// Both answers of share groups; nodes stand in the body.
void rewrite_share(rewriting& at, std::int16_t first_with_lock_timeout, void (*partition)(rewriting&)) {
    at.in.skip(4);  // throttle
    pass_error(at);
    if (at.version >= first_with_lock_timeout) at.in.skip(4);
    pass_topics(
        at, [&] { at.in.skip(16); }, [&] { partition(at); });
    rewrite_nodes(at, {});
    at.in.skip_tags(at.how);
}

}  // namespace

// Only versions that can name nodes come here, so that older shapes are left out.
void rewrite_produce(rewriting& at) {
    pass_topics(
        at, [&] { at.version >= 13 ? at.in.skip(16) : (void)at.in.string(at.how); },
        [&] { pass_produced_partition(at); });
    at.in.skip(4);  // throttle
    rewrite_node_tags(at);
}

void rewrite_fetch(rewriting& at) {
    at.in.skip(4 + 2 + 4);  // throttle, error, session
    pass_topics(
        at, [&] { at.in.skip(16); }, [&] { pass_fetched_partition(at); });
    rewrite_node_tags(at);
}

void rewrite_share_fetch(rewriting& at) { rewrite_share(at, 1, pass_share_fetched_partition); }

void rewrite_share_acknowledge(rewriting& at) { rewrite_share(at, 2, pass_share_acknowledged_partition); }

}  // namespace outrider::kafka
