// Produce requests: what is reported never depends on the split, and records that are spliced in are found again.

#include <string>
#include <vector>

#include "sidecar/kafka/apis.hpp"
#include "sidecar/kafka/produce_request.hpp"
#include "tests/fuzz/kafka_pieces.hpp"

namespace {

using namespace outrider::kafka;
using outrider::fuzz::require;

struct logger final : outrider::fuzz::logging_records<produce_request_visitor> {
    using logging_records::logging_records;
    std::vector<records_field> fields;

    void on_transactional_id(std::string_view id) override { text("transactional id", id); }
    void on_acks(std::int16_t acks, std::int32_t timeout_ms) override { line("acks", acks, timeout_ms); }
    void on_topic(std::string_view name, const topic_id& id) override {
        text("topic", name);
        line("id", id.valid());
    }
    void on_partition(std::int32_t index) override { line("partition", index); }
    void on_records(const records_field& field) override {
        fields.push_back(field);
        logging_records::on_records(field);
    }
};

void splice(std::string_view body, const std::vector<records_field>& fields, std::int16_t version) {
    std::string changed;
    records_splice splice{body, encoding_of(api::produce, version), changed};
    for (const auto& field : fields) {
        splice.begin(field, field.size);
        changed += "spliced in";
        field.size % 2 == 0 ? splice.replace() : splice.keep();
    }
    splice.finish();
    logger again{changed.size()};
    require(outrider::fuzz::parse(parse_produce_request(again, version), changed, {}, again));
    require(again.fields.size() == fields.size());
    for (std::size_t i = 0; i < fields.size(); ++i) {
        auto now = std::string_view{changed}.substr(again.fields[i].at, again.fields[i].size);
        require(now == (fields[i].size % 2 == 0 ? "spliced in" : body.substr(fields[i].at, fields[i].size)));
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    auto input = outrider::fuzz::input::of(data, size);
    auto version = static_cast<std::int16_t>(input.choice % 15);
    logger whole{input.message.size()}, split{input.message.size()};
    auto finished = outrider::fuzz::parse(parse_produce_request(whole, version), input.message, {}, whole);
    outrider::fuzz::parse(parse_produce_request(split, version), input.message,
                          input.splits.empty() ? std::string_view{"\0", 1} : input.splits, split);
    require(whole.log == split.log);
    if (finished) splice(input.message, whole.fields, version);
    return 0;
}
