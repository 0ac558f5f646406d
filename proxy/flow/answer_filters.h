// SPDX-License-Identifier: Apache-2.0
//
// What an answer goes through on its way to the client where secrets are looked for in it (I8):
// its head by the scrubber alone, its body by what undoes its codings, and then the scrubber.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "proxy/base/result.h"
#include "proxy/flow/filter.h"
#include "proxy/flow/findings.h"
#include "proxy/flow/known_secrets.h"
#include "proxy/flow/scrub.h"
#include "proxy/http/message.h"

namespace keyswap::flow {

class AnswerFilters {
 public:
  // How the body is looked through.
  enum class Reading : std::uint8_t {
    none,     // not at all: it is not on
    plain,    // as it comes
    decoded,  // and goes on so
    blind,    // as it comes, but it is coded in a way that is not known here
  };

  // From now on it is on, also where nothing is known yet: a secret may be sent after the answer's
  // head has passed. `seen` outlives this.
  void begin(Findings& seen);

  // From now on what `search` knows is looked for; null: nothing changes. `seen` outlives this.
  void look_for(SharedSearch search, Findings& seen);

  [[nodiscard]] bool is_on() const { return scrubber_ != nullptr; }

  [[nodiscard]] const SharedSearch& search() const;

  // Null: nothing is looked for.
  [[nodiscard]] Scrubber* scrubber() const { return scrubber_; }

  // The final head is there: makes the filters of the body. unavailable: no memory.
  base::Status open(const http::ResponseHead& head);

  [[nodiscard]] Reading reading() const { return reading_; }

  // A piece of the body, as Filter::feed.
  [[nodiscard]] base::Status feed(std::string_view piece, bool is_last, base::ByteSink& out);

  // Of the body, as Scrubber's.
  [[nodiscard]] bool may_let_go() const { return scrubber_ != nullptr && scrubber_->may_let_go(); }

  [[nodiscard]] base::Status let_go(base::ByteSink& out) { return scrubber_->let_go(out); }

 private:
  std::unique_ptr<Scrubber> made_;  // until it joins the chain
  Scrubber* scrubber_ = nullptr;
  FilterChain chain_;
  Reading reading_ = Reading::none;
};

}  // namespace keyswap::flow
