// SPDX-License-Identifier: Apache-2.0
#include "proxy/services/management.h"

#include "proxy/services/metrics.h"
#include "proxy/services/slow_service.h"

namespace keyswap::services {

namespace {

flow::Reply reply_of(int status,
                     std::string_view reason,
                     std::string_view content_type,
                     std::string body) {
  flow::Reply reply{.head = {status, reason}, .body = {}};
  reply.head.fields.add({"Content-Type", content_type});
  reply.head.fields.add_made("Content-Length", std::to_string(body.size()));
  reply.head.fields.add({"Cache-Control", "no-store"});
  reply.head.fields.add({"X-Content-Type-Options", "nosniff"});
  reply.body = std::move(body);
  return reply;
}

bool is_path(std::string_view target, std::string_view path) {
  return target.substr(0, target.find('?')) == path;
}

}  // namespace

SlowService* Management::slow(const http::RequestHead& head) const {
  const bool is_here = is_path(head.target, "/metrics") || is_path(head.target, "/healthz");
  return api_ != nullptr && !is_here && api_->takes(head) ? api_ : nullptr;
}

flow::Reply Management::answer(const http::RequestHead& head, std::string_view body) const {
  constexpr std::string_view kText = "text/plain; charset=utf-8";
  const std::string_view path = head.target.substr(0, head.target.find('?'));
  const bool is_health = path == "/healthz";
  if (!is_health && path != "/metrics") {
    return reply_of(404, "Not Found", kText, "There is /metrics, and /healthz.\n");
  }
  if (head.method != "GET" && head.method != "HEAD") {
    flow::Reply refused = reply_of(405, "Method Not Allowed", kText, "Only GET is answered.\n");
    refused.head.fields.add({"Allow", "GET, HEAD"});
    return refused;
  }
  if (is_health) {
    return health_->answer(head, body);
  }
  flow::Reply reply = reply_of(200, "OK", kOpenMetrics, render_());
  // A body is not asked for, so that the connection would stand in the middle of it.
  reply.head.keeps_connection = head.keeps_alive && head.framing.kind == http::Framing::Kind::none;
  return reply;
}

}  // namespace keyswap::services
