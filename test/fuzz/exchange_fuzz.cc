// SPDX-License-Identifier: Apache-2.0
//
// A whole exchange from bytes: the first byte says where the input is split between client and
// upstream and how it is cut. Whatever comes, nothing is sent before the record, what is sent
// upstream parses as exactly one request, and the machine comes to rest.
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bindings/parse.h"
#include "bindings/venues/table.h"
#include "proxy/flow/decode_refusal.h"
#include "proxy/flow/exchange.h"
#include "proxy/http/decoder.h"
#include "proxy/http/h1/request_writer.h"

namespace {

using namespace keyswap;  // NOLINT(google-build-using-namespace): a program of one file

const char* const kYaml = R"(
version: 1
secrets:
  K:
    placeholder: kswp_PLACEHOLDER_000000000001
    inject: { header: Authorization, format: "Bearer {secret}" }
    bindings: [ { host: h.test, paths: ["/v1/**"], rate_limit: { requests: 9, per: 1s } } ]
  B:
    placeholder: kswp_PLACEHOLDER_000000000002
    inject: { type: binance, api_key: BK, api_secret: BS }
    bindings: [ { host: h.test, max_order_usd: 500, daily_volume_usd: 900 } ]
)";

void must(bool condition) {
  if (!condition) {
    std::abort();
  }
}

class Run {
 public:
  Run(std::shared_ptr<const bindings::Bindings> bindings, vault::LockedBuffer& scratch)
      : bindings_(std::move(bindings)),
        exchange_({{flow::Protocol::https, {"h.test", 443, http::HostKind::name}},
                   bindings_,
                   "r",
                   &scratch,
                   1'700'000'000'000'000,
                   "",
                   flow::CollectedShare()}) {}

  void client(std::string_view bytes) {
    bool may_read = true;
    while (may_read && !exchange_.is_finished()) {
      const auto step = client_.next(bytes);
      bytes.remove_prefix(step.consumed);
      switch (step.kind) {
        case http::Step::Kind::need_more:
          return;
        case http::Step::Kind::head: {
          auto head = client_.take_request();
          const flow::TunnelIdentity tunnel{exchange_.destination(), ""};
          const auto refusal = flow::check_tunnelled(head, tunnel, *bindings_);
          on(flow::ClientHead{std::move(head), refusal, std::nullopt});
          break;
        }
        case http::Step::Kind::body:
          on(flow::ClientBody{step.body});
          break;
        case http::Step::Kind::end:
          on(flow::ClientEnd{});
          may_read = false;
          break;
        case http::Step::Kind::error:
          on(flow::ClientRefused{flow::reason_of(step.error)});
          return;
      }
    }
  }

  void upstream(std::string_view bytes) {
    while (is_sent_ && !exchange_.is_finished()) {
      const auto step = upstream_.next(bytes);
      bytes.remove_prefix(step.consumed);
      switch (step.kind) {
        case http::Step::Kind::need_more:
          return;
        case http::Step::Kind::head:
          on(flow::UpstreamHead{upstream_.take_response()});
          break;
        case http::Step::Kind::body:
          on(flow::UpstreamBody{step.body});
          break;
        case http::Step::Kind::end:
          on(flow::UpstreamEnd{});
          break;
        case http::Step::Kind::error:
          on(flow::UpstreamBroken{});
          return;
      }
    }
  }

  void end() {
    if (is_sent_) {
      on(flow::UpstreamBroken{});
      must(exchange_.is_finished());
    } else {
      on(flow::ClientGone{});
    }
  }

  void check() {
    http::Decoder strict(http::Decoder::Role::request);
    std::string_view rest = sent_;
    const auto first = strict.next(rest);
    must(sent_.empty() || first.kind == http::Step::Kind::head);
  }

 private:
  void on(flow::Event event) {
    flow::Actions actions;
    exchange_.on(std::move(event), actions);
    std::optional<flow::Event> next;
    for (const auto& action : actions) {
      if (std::holds_alternative<flow::Charge>(action)) {
        next = flow::Charged{};
      } else if (const auto* fetch = std::get_if<flow::FetchSecrets>(&action)) {
        std::vector<vault::Secret> secrets;
        for (const auto& place : fetch->places) {
          const auto& needs = bindings_->rules[place.rule].places[place.place].injection->needs();
          for (std::size_t i = 0; i < needs.size(); ++i) {
            secrets.push_back(vault::Secret::copy_of("real-key-0001").value());
          }
        }
        next = flow::SecretsReady{std::move(secrets)};
      } else if (std::holds_alternative<flow::Dial>(action)) {
        next = flow::Dialed{};
      } else if (std::holds_alternative<flow::Record>(action)) {
        is_recorded_ = true;
        next = flow::RecordDone{true};
      } else if (const auto* head = std::get_if<flow::SendRequestHead>(&action)) {
        must(is_recorded_);  // I6
        is_sent_ = true;
        base::Buffer out(base::bounds::kSwappedHeadBytesMax);
        must(writer_.head(out, head->head).has_value());
        sent_ += out.view();
      } else if (const auto* body = std::get_if<flow::SendRequestBody>(&action)) {
        must(is_sent_);
        base::Buffer out(base::bounds::kLegPendingBytesMax);
        sent_ += writer_.body(out, body->bytes).value();
      } else if (std::holds_alternative<flow::EndRequest>(action)) {
        must(is_sent_);
        base::Buffer out(base::bounds::kLegPendingBytesMax);
        sent_ += writer_.end(out).value();
      }
    }
    exchange_.carried_out();
    if (next) {
      on(std::move(*next));
    }
  }

  std::shared_ptr<const bindings::Bindings> bindings_;
  flow::Exchange exchange_;
  http::Decoder client_{http::Decoder::Role::request};
  http::Decoder upstream_{http::Decoder::Role::response};
  http::h1::RequestWriter writer_;
  bool is_recorded_ = false;
  bool is_sent_ = false;
  std::string sent_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto kBindings = std::make_shared<const bindings::Bindings>(
      std::move(bindings::parse(kYaml, "/nowhere", bindings::all_venues()).bindings));
  static vault::LockedBuffer scratch = [] {
    must(vault::lock_memory().has_value());
    return vault::LockedBuffer::of_capacity(base::bounds::kSwappedHeadBytesMax).value();
  }();
  if (size < 2) {
    return 0;
  }
  const std::string_view input(reinterpret_cast<const char*>(data) + 2, size - 2);
  const std::size_t split = input.size() * data[0] / 255;
  const std::size_t piece = data[1] == 0 ? input.size() + 1 : data[1];
  Run run(kBindings, scratch);
  for (std::string_view rest = input.substr(0, split); !rest.empty();) {
    run.client(rest.substr(0, piece));
    rest.remove_prefix(std::min(piece, rest.size()));
  }
  for (std::string_view rest = input.substr(split); !rest.empty();) {
    run.upstream(rest.substr(0, piece));
    rest.remove_prefix(std::min(piece, rest.size()));
  }
  run.end();
  run.check();
  return 0;
}
