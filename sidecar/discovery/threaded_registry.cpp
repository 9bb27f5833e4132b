#include "sidecar/discovery/threaded_registry.hpp"

#include <mutex>
#include <utility>

namespace outrider::discovery {
namespace {

class threaded_registry final : public registry {
  public:
    explicit threaded_registry(registry_ways ways) : ways_(std::move(ways)) {}

    std::unique_ptr<discovery::watch> watch(const std::string& service, watch_listener to) override {
        return std::make_unique<watch_worker>(ways_.name + "-watch", ways_.follow(service), std::move(to),
                                              ways_.name + " watch of " + service, books_);
    }

    void publish(publication verdict) override {
        const std::lock_guard lock(mutex_);
        if (!ways_.enrol || withdrawn_) return;
        if (!registration_) registration_ = std::make_unique<registration>(ways_.name, ways_.enrol(), books_);
        registration_->publish(std::move(verdict));
    }

    void withdraw(std::chrono::milliseconds patience) override {
        std::unique_lock lock(mutex_);
        withdrawn_ = true;
        auto* const known = registration_.get();
        lock.unlock();  // publish() does not wait for this
        if (known != nullptr) known->withdraw(patience);
    }

    registry_status look() const override { return books_->look(); }

  private:
    const registry_ways ways_;
    const std::shared_ptr<registry_books> books_ = std::make_shared<registry_books>();
    std::mutex mutex_;
    std::unique_ptr<registration> registration_;
    bool withdrawn_ = false;
};

}  // namespace

std::unique_ptr<registry> make_threaded_registry(registry_ways ways) {
    return std::make_unique<threaded_registry>(std::move(ways));
}

}  // namespace outrider::discovery
