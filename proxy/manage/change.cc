// SPDX-License-Identifier: Apache-2.0
#include "proxy/manage/change.h"

#include <cstdint>
#include <future>
#include <utility>

#include "audit/managed_record.h"

namespace keyswap::manage {

namespace {

class Waiter final : public audit::Listener {
 public:
  void batch_done(std::uint64_t /*ticket*/, bool durable) override { done_.set_value(durable); }

  [[nodiscard]] bool is_durable() { return done_.get_future().get(); }

 private:
  std::promise<bool> done_;
};

}  // namespace

bool record(Manager& manager,
            const Request& request,
            std::string_view action,
            std::string_view outcome,
            std::string_view object) {
  audit::Batch batch;
  batch.add(audit::ManagedRecord{.ts_us = manager.clock->wall_us(),
                                 .action = action,
                                 .outcome = outcome,
                                 .object = object,
                                 .session = request.session.id,
                                 .client = request.client});
  batch.is_urgent = true;
  Waiter waiter;
  return manager.log->append(std::move(batch), &waiter, 0) && waiter.is_durable();
}

base::Status change(Manager& manager,
                    const Request& request,
                    std::string_view action,
                    std::string_view object,
                    const std::function<base::Status()>& make) {
  // I6: durable before it takes effect.
  if (!record(manager, request, action, "begun", object)) {
    return base::Error{base::Errc::unavailable, "the audit log does not take records"};
  }
  auto made = make();
  if (!made) {
    static_cast<void>(record(manager, request, action, "failed", object));
  }
  return made;
}

}  // namespace keyswap::manage
