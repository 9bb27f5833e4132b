#include "sidecar/discovery/registration.hpp"

#include <deque>

#include <gtest/gtest.h>

#include "tests/unit/sidecar/discovery/listening.hpp"

namespace outrider::discovery {
namespace {

using kind = step_result::kind;

/// Writes down what it is asked, and answers as it is told; then with `done`.
class scripted : public registrar {
  public:
    struct script {
        std::mutex mutex;
        std::vector<std::string> asked;
        std::deque<kind> answers;
        std::chrono::milliseconds every{10'000};

        std::vector<std::string> seen() {
            const std::lock_guard lock(mutex);
            return asked;
        }
        bool sees(std::vector<std::string> wanted) {
            return comes_true([&] { return seen() == wanted; }, std::chrono::seconds(3));
        }
    };
    explicit scripted(std::shared_ptr<script> s) : script_(std::move(s)) {}

    step_result enrol(const publication& p) override { return answer("enrol " + text(p)); }
    step_result tell(const publication& p) override { return answer("tell " + text(p)); }
    step_result refresh(const publication& p) override { return answer("refresh " + text(p)); }
    std::chrono::milliseconds refresh_every() const override { return script_->every; }
    step_result withdraw() override { return answer("withdraw"); }
    void cancel() override {}

  private:
    static std::string text(const publication& p) { return p.ready ? "ready" : p.why; }
    step_result answer(const std::string& what) {
        const std::lock_guard lock(script_->mutex);
        script_->asked.push_back(what);
        if (script_->answers.empty()) return {};
        const auto out = script_->answers.front();
        script_->answers.pop_front();
        return {out, "because"};
    }
    const std::shared_ptr<script> script_;
};

class Registration : public testing::Test {
  protected:
    std::shared_ptr<scripted::script> script = std::make_shared<scripted::script>();
    std::shared_ptr<registry_books> books = std::make_shared<registry_books>();
    registration begin() { return {"test", std::make_unique<scripted>(script), books}; }
};

TEST_F(Registration, EnrolsThenTellsThenWithdraws) {
    auto it = begin();
    it.publish({true, ""});
    EXPECT_TRUE(script->sees({"enrol ready"}));
    it.publish({true, ""});
    it.publish({false, "sick"});
    EXPECT_TRUE(script->sees({"enrol ready", "tell sick"}));
    it.withdraw(1s);
    it.publish({true, ""});
    EXPECT_EQ(script->seen(), (std::vector<std::string>{"enrol ready", "tell sick", "withdraw"}));
    EXPECT_FALSE(books->look().registered);
}

TEST_F(Registration, WhatWasNeverPublishedIsNotWithdrawn) {
    auto it = begin();
    it.withdraw(1s);
    EXPECT_TRUE(script->seen().empty());
}

TEST_F(Registration, TriesAgainUntilItStands) {
    script->answers = {kind::failed, kind::failed};
    auto it = begin();
    it.publish({true, ""});
    EXPECT_TRUE(script->sees({"enrol ready", "enrol ready", "enrol ready"}));
    EXPECT_TRUE(comes_true([&] { return books->look().registered; }));
    EXPECT_EQ(books->look().failures, 2u);
    EXPECT_EQ(books->look().problem, "");
}

TEST_F(Registration, AVerdictThatWasNotToldIsToldAgainAndNotRefreshed) {
    script->answers = {kind::done, kind::failed};
    auto it = begin();
    it.publish({true, ""});
    EXPECT_TRUE(script->sees({"enrol ready"}));
    it.publish({false, "sick"});
    EXPECT_TRUE(script->sees({"enrol ready", "tell sick", "tell sick"}));
    EXPECT_TRUE(books->look().registered);
}

TEST_F(Registration, RefreshesAndEnrolsAnewWhenItIsLost) {
    script->every = std::chrono::milliseconds(20);
    script->answers = {kind::done, kind::done, kind::lost};
    auto it = begin();
    it.publish({true, ""});
    EXPECT_TRUE(comes_true([&] { return script->seen().size() >= 5; }));
    auto seen = script->seen();
    seen.resize(5);
    EXPECT_EQ(seen, (std::vector<std::string>{"enrol ready", "refresh ready", "refresh ready", "enrol ready",
                                              "refresh ready"}));
}

TEST_F(Registration, WithdrawTriesUntilItsPatienceEnds) {
    auto it = begin();
    it.publish({true, ""});
    EXPECT_TRUE(script->sees({"enrol ready"}));
    {
        const std::lock_guard lock(script->mutex);
        script->answers.assign(1000, kind::failed);
    }
    const auto began = std::chrono::steady_clock::now();
    it.withdraw(400ms);
    const auto took = std::chrono::steady_clock::now() - began;
    EXPECT_GE(took, 390ms);
    EXPECT_LT(took, 700ms);
    EXPECT_GE(script->seen().size(), 3u);
}

}  // namespace
}  // namespace outrider::discovery
