// SPDX-License-Identifier: Apache-2.0
//
// A run that is not wanted any more once its source said that it rests: what waits for its turn
// until then is not asked for (Run::is_wanted).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <utility>

#include "vault/sources/run.h"

namespace keyswap::vault {

class WatchedRun final : public Run {
 public:
  WatchedRun(std::unique_ptr<Run> run, std::function<bool()> is_wanted)
      : run_(std::move(run)), is_wanted_(std::move(is_wanted)) {}

  [[nodiscard]] Step begin(std::int64_t now_us) override { return run_->begin(now_us); }

  [[nodiscard]] Step on(Answer answer, std::int64_t now_us) override {
    return run_->on(std::move(answer), now_us);
  }

  [[nodiscard]] RunOutcome cut_off(Failed why) override { return run_->cut_off(std::move(why)); }

  [[nodiscard]] bool is_wanted() const override { return is_wanted_(); }

 private:
  std::unique_ptr<Run> run_;
  std::function<bool()> is_wanted_;
};

}  // namespace keyswap::vault
