// SPDX-License-Identifier: Apache-2.0
//
// What one request spends of its bindings' budgets (bindings/model_rules.h): what it is taken for
// until its answer says it, and what the answer says. It looks at an answer's bytes as they come,
// undoes their coding for itself, and changes nothing of them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "bindings/model_request.h"
#include "bindings/prices.h"
#include "proxy/flow/filter.h"
#include "proxy/flow/usage_reader.h"
#include "proxy/http/message.h"

namespace keyswap::flow {

// What it came to.
struct Spent {
  std::string model;
  bindings::TokenUsage usage;
  // The answer did not say it, or not to its end: it is more or less that.
  bool is_estimated = false;
};

class Spending {
 public:
  explicit Spending(const bindings::ModelRequest& asked)
      : model_(asked.model()),
        estimate_(bindings::estimated_usage(asked)),
        counts_alone_(asked.counts_alone) {}

  [[nodiscard]] const std::string& model() const { return model_; }

  [[nodiscard]] const bindings::TokenUsage& estimate() const { return estimate_; }

  // The final head of the answer; pieces of its body, as they come, and its end.
  void begin(const http::ResponseHead& head);
  void look(std::string_view bytes, bool is_last);

  // `is_complete`: the whole answer went on.
  [[nodiscard]] Spent spent(bool is_complete) const;

 private:
  std::string model_;
  bindings::TokenUsage estimate_;
  bool counts_alone_;
  bool is_refused_ = false;  // nothing is paid for it
  bool is_blind_ = false;    // what follows cannot be read
  FilterChain decoders_;
  std::unique_ptr<UsageReader> reader_;  // null: nothing can be read
};

}  // namespace keyswap::flow
