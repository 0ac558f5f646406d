// SPDX-License-Identifier: Apache-2.0
#include "vault/sources/aws_call.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "bindings/digest.h"
#include "bindings/signatures/sigv4.h"
#include "bindings/signatures/sigv4_canonical.h"
#include "bindings/signing_parts.h"
#include "vault/sources/clock_fault.h"

namespace keyswap::vault::aws {

namespace {

namespace sigv4 = bindings::sigv4;

// What a call gets for a time that is not AWS's, as its SDKs have it: AWS SDK for JavaScript,
// "service-error-classification", CLOCK_SKEW_ERROR_CODES; without EC2's.
constexpr std::array<std::string_view, 5> kTimeErrors = {"InvalidSignatureException",
                                                         "RequestExpired",
                                                         "RequestInTheFuture",
                                                         "RequestTimeTooSkewed",
                                                         "SignatureDoesNotMatch"};

// "20150830T123600Z"
std::string time_of(std::int64_t now_us) {
  std::string text = bindings::time_text(bindings::TimeUnit::iso, now_us);
  text.resize(sizeof "2015-08-30T12:36:00" - 1);
  std::erase_if(text, [](char c) { return c == '-' || c == ':'; });
  return text + "Z";
}

std::vector<std::string> names_of(const std::vector<http::Field>& fields) {
  std::vector<std::string> names;
  for (const http::Field& field : fields) {
    names.emplace_back(field.name);
  }
  return names;
}

// "content-type;host;…"
std::string joined_names(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) {
    text.append(text.empty() ? "" : ";").append(name);
  }
  return text;
}

base::Result<Secret> authorization(const Pair& pair,
                                   const Request& request,
                                   const sigv4::CanonicalRequest& canonical,
                                   std::string_view time,
                                   const std::string& names) {
  const sigv4::KeyScope scope{time.substr(0, 8), request.region, request.service};
  const auto hash = sigv4::canonical_hash(canonical);
  const auto key = sigv4::make_key(pair.secret.reveal(), scope);
  if (!hash || !key) {
    return hash ? key.error() : hash.error();
  }
  const std::string scope_text = scope.text();
  const auto signature = sigv4::signature_of(*key, {sigv4::kAlgorithm, time, scope_text, *hash});
  if (!signature) {
    return signature.error();
  }
  return joined({sigv4::kAlgorithm,
                 " Credential=",
                 pair.id.reveal(),
                 "/",
                 scope_text,
                 ", SignedHeaders=",
                 names,
                 ", Signature=",
                 *signature});
}

}  // namespace

base::Result<Call> signed_call(const Pair& pair, Request request, std::int64_t now_us) {
  const std::string_view token = pair.session_token.reveal();
  if (!is_token(pair.id.reveal()) || !is_token(pair.secret.reveal()) ||
      (!token.empty() && !is_token(token))) {
    return base::Error{base::Errc::invalid_input, "a key of AWS is printable ASCII"};
  }
  const std::string time = time_of(now_us);
  const std::string hash = bindings::sha256_hex(request.body.reveal());
  std::vector<http::Field> fields = {
      {"content-type", request.content_type}, {"host", request.host}, {"x-amz-date", time}};
  if (!token.empty()) {
    fields.push_back({"x-amz-security-token", token});
  }
  if (!request.target.empty()) {
    fields.push_back({"x-amz-target", request.target});
  }
  const std::vector<std::string> names = names_of(fields);
  sigv4::CanonicalRequest canonical;
  canonical.method = "POST";
  canonical.path = "/";
  canonical.fields = fields;
  canonical.signed_names = names;
  canonical.payload_hash = hash;
  auto proof = authorization(pair, request, canonical, time, joined_names(names));
  if (!proof) {
    return proof.error();
  }
  Call call;
  call.method = canonical.method;
  call.url = "https://" + request.host + "/";
  call.fields.push_back({"Content-Type", std::string(request.content_type)});
  call.fields.push_back({"X-Amz-Date", time});
  if (!token.empty()) {
    call.fields.push_back({"X-Amz-Security-Token", pair.session_token.share()});
  }
  if (!request.target.empty()) {
    call.fields.push_back({"X-Amz-Target", std::string(request.target)});
  }
  call.fields.push_back({"Authorization", std::move(*proof)});
  call.body = std::move(request.body);
  return call;
}

std::optional<Failed> fail_of_time(std::string_view error,
                                   const CallAnswer& answer,
                                   std::int64_t now_us) {
  const bool is_of_time = std::ranges::find(kTimeErrors, error) != kTimeErrors.end();
  return is_of_time ? fail_of_clock(answer, now_us, kAwsClockOffMaxS) : std::nullopt;
}

PairPlace pair_place(const SourceSpec& spec) {
  return {setting_text(spec, "access_key_id"),
          setting_text(spec, "secret_access_key"),
          setting_text(spec, "session_token")};
}

Step PairSteps::begin() {
  read_ = 0;
  pair_ = {};
  return read_own(place_.front());
}

std::optional<Step> PairSteps::on(Answer& answer) {
  auto value = read_own_value(answer);
  if (auto* failed = std::get_if<Failed>(&value)) {
    return std::move(*failed);
  }
  const std::array parts = {&pair_.id, &pair_.secret, &pair_.session_token};
  *parts.at(read_++) = std::move(std::get<Secret>(value));
  const bool is_read = read_ == place_.size() || place_.at(read_).empty();
  return is_read ? std::nullopt : std::optional(read_own(place_.at(read_)));
}

std::string host_of(std::string_view service, std::string_view region) {
  std::string host(service);
  host.append(".").append(region).append(".amazonaws.com");
  return host.append(region.starts_with("cn-") ? ".cn" : "");
}

const char* check_region(std::string_view text) {
  const bool is_region = !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
  return is_region ? nullptr : "a region is written like us-east-1";
}

}  // namespace keyswap::vault::aws
