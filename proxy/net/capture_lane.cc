// SPDX-License-Identifier: Apache-2.0
#include "proxy/net/capture_lane.h"

#include <cstdint>
#include <memory>
#include <utility>
#include <variant>

#include "proxy/base/bounds.h"

namespace keyswap::net {

namespace {

constexpr std::int64_t kUsPerMs = 1000;

// What is posted can be copied, so what goes with it is shared.
struct Keeping {
  vault::SourceSpec spec = vault::capture_spec();
  std::vector<vault::CapturedEntry> entries;
  CaptureLane::Done done;
};

}  // namespace

void CaptureLane::keep(std::vector<vault::CapturedEntry> entries, Done done) {
  if (engine_ == nullptr) {
    done(false);
    return;
  }
  const auto keeping = std::make_shared<Keeping>();
  keeping->entries = std::move(entries);
  keeping->done = std::move(done);
  const std::int64_t deadline_us = clock_->steady_us() + base::bounds::kCaptureMs * kUsPerMs;
  engine_->post([engine = engine_, loop = loop_, keeping, deadline_us] {
    engine->run(keeping->spec,
                vault::capture_run(std::move(keeping->entries)),
                deadline_us,
                [loop, keeping](vault::RunOutcome outcome) {
                  const bool is_kept = std::holds_alternative<vault::Done>(outcome);
                  loop->post([keeping, is_kept] { keeping->done(is_kept); });
                });
  });
}

}  // namespace keyswap::net
