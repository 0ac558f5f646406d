// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/own_bindings.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "proxy/base/bounds.h"
#include "proxy/flow/caller.h"
#include "proxy/flow/operations.h"
#include "proxy/flow/web_page.h"

namespace keyswap::flow {

namespace {

using audit::Reason;
using bindings::Bindings;
using bindings::Scope;
using bindings::SecretRule;

constexpr std::string_view kPath = "/.well-known/keyswap";

void append_text(std::string_view text, std::string& out) {
  static constexpr std::array kDigits = {
      '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'};
  out += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20U) {
      out.append("\\u00");
      out += kDigits.at(byte >> 4U);
      out += kDigits.at(byte & 0xfU);
      continue;
    }
    if (c == '"' || c == '\\') {
      out += '\\';
    }
    out += c;
  }
  out += '"';
}

// `append_one` writes one element.
template <typename Element, typename AppendOne>
void append_list(std::span<const Element> list, std::string& out, AppendOne append_one) {
  out += '[';
  bool is_first = true;
  for (const Element& one : list) {
    if (!is_first) {
      out += ',';
    }
    is_first = false;
    append_one(one);
  }
  out += ']';
}

void append_scope(const Scope& scope, std::string& out) {
  out.append(R"({"host":)");
  append_text((scope.host.is_wildcard ? "*." : "") + scope.host.host, out);
  out.append(R"(,"port":)").append(std::to_string(scope.port)).append(R"(,"methods":)");
  append_list(
      std::span(scope.methods), out, [&](const std::string& method) { append_text(method, out); });
  out.append(R"(,"paths":)");
  append_list(std::span(scope.paths), out, [&](const bindings::PathPattern& path) {
    append_text(path.text(), out);
  });
  out.append(R"(,"blocked":)");
  append_list(std::span(scope.blocked), out, [&](const bindings::BlockedEndpoint& blocked) {
    append_text(blocked.method + " " + blocked.path, out);
  });
  out.append(R"(,"websocket":)").append(scope.websocket ? "true}" : "false}");
}

// The scopes of the rule that this caller may use.
std::vector<const Scope*> scopes_for(const SecretRule& rule, std::string_view caller) {
  std::vector<const Scope*> scopes;
  for (const Scope& scope : rule.scopes) {
    if (serves(scope, caller)) {
      scopes.push_back(&scope);
    }
  }
  return scopes;
}

void append_rule(const SecretRule& rule, std::span<const Scope* const> scopes, std::string& out) {
  out.append(R"({"name":)");
  append_text(rule.name.text(), out);
  out.append(R"(,"placeholder":)");
  append_text(rule.placeholder, out);
  out.append(R"(,"places":)");
  append_list(std::span(rule.places), out, [&](const bindings::SecretPlace& place) {
    out.append(R"({"kind":)");
    append_text(place.placement->kind(), out);
    out.append(R"(,"name":)");
    append_text(place.placement->name(), out);
    out.append(R"(,"scheme":)");
    append_text(place.scheme(), out);
    out += '}';
  });
  out.append(R"(,"bindings":)");
  append_list(scopes, out, [&](const Scope* scope) { append_scope(*scope, out); });
  out += '}';
}

// One entry after the other, as long as there is room.
class Listing {
 public:
  explicit Listing(std::string& out) : out_(&out) {}

  void add(const SecretRule& rule, std::span<const Scope* const> scopes) {
    if (out_->size() >= base::bounds::kOwnBindingsBytesMax) {
      ++left_off_;
      return;
    }
    const std::size_t begin = out_->size();
    if (!std::exchange(is_first_, false)) {
      *out_ += ',';
    }
    append_rule(rule, scopes, *out_);
    if (out_->size() > 2 * base::bounds::kOwnBindingsBytesMax) {
      out_->resize(begin);  // I10: one alone may be as long as a file
      is_first_ = out_->back() == '[';
      ++left_off_;
    }
  }

  [[nodiscard]] std::size_t left_off() const { return left_off_; }

 private:
  std::string* out_;
  bool is_first_ = true;
  std::size_t left_off_ = 0;
};

bool names_host(std::span<const Scope* const> scopes, const http::Authority& host) {
  return std::ranges::any_of(scopes,
                             [&](const Scope* scope) { return Bindings::names(*scope, host); });
}

}  // namespace

std::optional<Reason> check_own_bindings(const http::RequestHead& head,
                                         std::string_view target,
                                         const Bindings& bindings) {
  // Few paths begin so: of all others not more is looked at.
  if (target.size() < kPath.size() || target[1] != kPath[1]) {
    return std::nullopt;
  }
  if (http::path_of(target) != kPath) {
    return check_operation_path(head, target, bindings);
  }
  if (head.method != "GET" && head.method != "HEAD") {
    return Reason::method_not_supported;
  }
  const auto refusal = check_page_fields(head, bindings);
  return refusal ? refusal : Reason::bindings_shown;
}

std::string own_bindings(const Bindings& bindings,
                         const http::Authority& host,
                         std::string_view caller) {
  std::string out = R"({"host":)";
  append_text(host.host, out);
  out.append(R"(,"caller":)");
  if (caller.empty()) {
    out.append("null");
  } else {
    append_text(caller, out);
  }
  out.append(R"(,"secrets":[)");
  Listing listing(out);
  for (const bool is_of_host : {true, false}) {
    for (const SecretRule& rule : bindings.rules) {
      // A honeytoken is for nobody, and a custom service has a route in place of a placeholder.
      if (rule.kind != bindings::RuleKind::secret || rule.is_out_of_force()) {
        continue;
      }
      const auto scopes = scopes_for(rule, caller);
      if (!scopes.empty() && names_host(scopes, host) == is_of_host) {
        listing.add(rule, scopes);
      }
    }
  }
  out.append(R"(],"left_off":)").append(std::to_string(listing.left_off()));
  return out.append(R"(,"note":"Send a placeholder at one of its places; keyswap puts the secret )"
                    R"(there. No methods, or no paths: any."})"
                    "\n");
}

}  // namespace keyswap::flow
