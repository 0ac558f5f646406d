// SPDX-License-Identifier: Apache-2.0
//
// The management API, and the page, as a service of the management listener: browser rules, who
// asks, the route, the answer, in that order. No event loop waits for it: everything that takes
// time is done on threads of its own.
#pragma once

#include <memory>
#include <utility>

#include "proxy/manage/browser_rules.h"
#include "proxy/manage/manager.h"
#include "proxy/manage/page.h"
#include "proxy/manage/routes.h"
#include "proxy/services/slow_service.h"

namespace keyswap::manage {

class Api final : public services::SlowService {
 public:
  // `manager` outlives this. `rules`: of the address that is listened on.
  explicit Api(Manager& manager,
               BrowserRules rules = BrowserRules::of_unix_socket(),
               Page page = {})
      : manager_(&manager), rules_(std::move(rules)), page_(page) {}

  // Before the first request comes: it came to be known where this listens.
  void set_rules(BrowserRules rules) { rules_ = std::move(rules); }

  base::Status start() override;
  void stop() override;
  [[nodiscard]] bool takes(const http::RequestHead& head) const override;
  void answer(std::shared_ptr<services::Question> question, Done done) override;

 private:
  void answer_route(const Route& route,
                    const std::shared_ptr<services::Question>& question,
                    Request request,
                    const Done& done);

  Manager* manager_;
  BrowserRules rules_;
  Page page_;
};

}  // namespace keyswap::manage
