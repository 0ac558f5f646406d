// SPDX-License-Identifier: Apache-2.0
#include "proxy/manage/api.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "proxy/base/bytes.h"
#include "proxy/base/manage_bounds.h"
#include "proxy/http/target.h"
#include "vault/manage_login.h"

namespace keyswap::manage {

namespace {

constexpr std::string_view kBearer = "Bearer ";

// Of either form; what is wrong about it was refused before.
std::string_view origin_form(std::string_view target) {
  if (target.starts_with('/')) {
    return target;
  }
  const auto absolute = http::parse_absolute(target);
  return absolute && absolute->path_and_query.starts_with('/') ? absolute->path_and_query : "/";
}

bool is_plain_query(std::string_view text) {
  return text.find_first_of("%+") == std::string_view::npos;
}

// Nothing for a name that comes twice, or an escape: no value that is known here needs one.
std::optional<Query> read_query(std::string_view query) {
  Query read;
  while (!query.empty()) {
    const std::string_view part = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), part.size() + 1));
    const auto equals = part.find('=');
    const std::string_view value =
        equals == std::string_view::npos ? std::string_view() : part.substr(equals + 1);
    if (part.empty() || !is_plain_query(part) ||
        !read.try_emplace(std::string(part.substr(0, equals)), value).second) {
      return std::nullopt;
    }
  }
  return read;
}

std::optional<Answer> identify(Manager& manager,
                               const services::Question& question,
                               Request& request) {
  if (question.is_owner) {
    request.session = {.id = std::string(kOwnerSession), .scope = Scope::admin};
    return std::nullopt;
  }
  const http::Field* const given = question.head.fields.find("authorization");
  if (given == nullptr || question.head.fields.count("authorization") != 1 ||
      !given->value.starts_with(kBearer)) {
    return answer_error(401, "missing or invalid authorization header");
  }
  const std::string_view token = given->value.substr(kBearer.size());
  if (!vault::has_manage_password(*manager.vault)) {
    manager.sessions.end_all();  // the password was forgotten (keyswap manage disable)
  }
  auto session = manager.sessions.find(token);
  if (!session) {
    return answer_error(401, "invalid or expired session token");
  }
  request.session = std::move(*session);
  request.token = token;
  return std::nullopt;
}

}  // namespace

base::Status Api::start() {
  KS_TRY(manager_->lanes.start());
  return manager_->live.start();
}

void Api::stop() {
  manager_->live.stop();
  manager_->lanes.stop();
}

// What was asked of another proxy is none of its matters.
bool Api::takes(const http::RequestHead& head) const {
  return head.method != "CONNECT";
}

void Api::answer(std::shared_ptr<services::Question> question, Done done) {
  const http::RequestHead& head = question->head;
  const bool keeps = head.keeps_alive;
  const auto say = [&](Answer answer) {
    base::wipe(question->body.data(), question->body.size());
    done(std::make_shared<services::SlowAnswer>(to_http(std::move(answer), keeps)));
  };
  if (auto refused = rules_.check(head)) {
    say(std::move(*refused));
    return;
  }
  const std::string_view target = origin_form(head.target);
  const std::string_view path = http::path_of(target);
  if (path != "/api" && !path.starts_with("/api/")) {
    say(answer_page(page_, head.method, path));
    return;
  }
  const RouteFound found = find_route(head.method, path);
  Request request;
  request.ids = found.ids;
  request.client = question->client;
  // Nobody learns which paths there are without a session.
  const auto stranger = identify(*manager_, *question, request);
  const bool is_open = found.route != nullptr && found.route->scope == Scope::none;
  if (stranger && !is_open) {
    say(*stranger);
    return;
  }
  if (found.route == nullptr) {
    Answer refusal = found.allow.empty() ? answer_error(404, "there is nothing of that name")
                                         : answer_error(405, "not by that method");
    if (!found.allow.empty()) {
      refusal.fields.emplace_back("Allow", found.allow);
    }
    say(std::move(refusal));
    return;
  }
  if (request.session.scope < found.route->scope) {
    say(answer_error(403, "this session may not do that"));
    return;
  }
  const auto mark = target.find('?');
  auto query = read_query(mark == std::string_view::npos ? "" : target.substr(mark + 1));
  if (!query) {
    say(answer_error(400, "the query cannot be read"));
    return;
  }
  // Who is not logged in may not fill the locked memory.
  if (is_open && question->body.size() > base::bounds::kManagePieceBytes) {
    say(answer_error(413, "the body is too large"));
    return;
  }
  request.query = std::move(*query);
  answer_route(*found.route, question, std::move(request), done);
}

void Api::answer_route(const Route& route,
                       const std::shared_ptr<services::Question>& question,
                       Request request,
                       const Done& done) {
  Lane& lane = manager_->lanes.of(route.lane);
  const bool keeps = question->head.keeps_alive;
  const bool is_taken =
      lane.run([this, &route, question, request = std::move(request), done, keeps]() mutable {
        if (question->is_given_up) {
          base::wipe(question->body.data(), question->body.size());
          return;
        }
        request.body = question->body;
        Answer answer = route.answer(*manager_, request);
        base::wipe(question->body.data(), question->body.size());
        done(std::make_shared<services::SlowAnswer>(to_http(std::move(answer), keeps)));
      });
  if (!is_taken) {
    base::wipe(question->body.data(), question->body.size());
    Answer busy = answer_error(503, "too many requests wait");
    busy.fields.emplace_back("Retry-After", "1");
    done(std::make_shared<services::SlowAnswer>(to_http(std::move(busy), keeps)));
  }
}

}  // namespace keyswap::manage
