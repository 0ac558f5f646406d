// SPDX-License-Identifier: Apache-2.0
//
// What the routes do, by the files that hold them. Each gives an answer without a secret's value.
#pragma once

#include "proxy/manage/answer.h"
#include "proxy/manage/manager.h"
#include "proxy/manage/request.h"

namespace keyswap::manage {

// login.cc
Answer auth_status(Manager& manager, const Request& request);
Answer set_up(Manager& manager, const Request& request);
Answer log_in(Manager& manager, const Request& request);
Answer log_out(Manager& manager, const Request& request);
Answer list_sessions(Manager& manager, const Request& request);
Answer end_session(Manager& manager, const Request& request);

// credentials.cc
Answer list_credentials(Manager& manager, const Request& request);
Answer add_credential(Manager& manager, const Request& request);
Answer rotate_credential(Manager& manager, const Request& request);
Answer remove_credential(Manager& manager, const Request& request);

// records.cc
Answer list_records(Manager& manager, const Request& request);
Answer export_records(Manager& manager, const Request& request);
Answer verify_log(Manager& manager, const Request& request);
Answer stream_records(Manager& manager, const Request& request);

// state.cc
Answer show_status(Manager& manager, const Request& request);
Answer reload(Manager& manager, const Request& request);

// policy.cc
Answer show_policy(Manager& manager, const Request& request);
Answer list_limits(Manager& manager, const Request& request);
Answer list_sources(Manager& manager, const Request& request);
Answer flush_source(Manager& manager, const Request& request);
Answer explain(Manager& manager, const Request& request);

}  // namespace keyswap::manage
