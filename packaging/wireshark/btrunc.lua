-- B-TrunC trunking in SIP: the Ptt-Extension header field and the XML bodies of TC2-C and D, for Wireshark and tshark (4.0).
-- Part of OpenTCF, Apache-2.0. Copy it to "Personal Lua Plugins" (Help, About Wireshark, Folders), or: tshark -X lua_script:btrunc.lua
--
-- The tables between the two marks are written by `python -m scripts.wireshark` from the wire table that OpenTCF itself speaks.

-- tables begin
local HEADER = "Ptt-Extension"
local ALIASES = {
  ["pptdgna"] = "regroup",
}
local TOKENS = {
  register = { spelling = "pttregister", english = "registration", chinese = "注册" },
  kick_off = { spelling = "pttkickoff", english = "network de-registration", chinese = "核心网发起注销" },
  heartbeat = { spelling = "pttheartbeat", english = "heartbeat", chinese = "心跳检测" },
  call = { spelling = "pttcall", english = "call set-up", chinese = "呼叫建立" },
  request = { spelling = "pttrequest", english = "floor request", chinese = "话权申请" },
  accept = { spelling = "pttaccept", english = "floor granted", chinese = "话权授权" },
  waiting = { spelling = "pttwaiting", english = "floor queued", chinese = "话权排队" },
  release_floor = { spelling = "pttreleasefloor", english = "floor release", chinese = "话权释放" },
  info = { spelling = "pttinfo", english = "floor information", chinese = "话权信息通知" },
  insert = { spelling = "pttinsert", english = "forced insertion", chinese = "强插" },
  dismantle = { spelling = "pttdismantle", english = "forced release", chinese = "强拆" },
  release = { spelling = "pttrelease", english = "release", chinese = "呼叫释放" },
  message = { spelling = "pttmsg", english = "short data", chinese = "实时短数据" },
  regroup = { spelling = "pttDGNA", english = "dynamic regroup", chinese = "动态重组" },
  regroup_result = { spelling = "reDGNA", english = "regroup result", chinese = "重组结果上报" },
  stun = { spelling = "pttstun", english = "stun", chinese = "遥晕" },
  kill = { spelling = "pttkill", english = "kill", chinese = "遥毙" },
  revive = { spelling = "pttrevive", english = "revive", chinese = "复活" },
  video_forward = { spelling = "pttVideoForward", english = "video forward", chinese = "视频转发" },
  video_terminate = { spelling = "pttVideoTerminate", english = "video forward ends", chinese = "视频转发终止" },
  video_report = { spelling = "pttVideoForwardReport", english = "video forward result", chinese = "视频转发结果上报" },
  group_update = { spelling = "pttgroupupdate", english = "group update", chinese = "组信息更新" },
  handover = { spelling = "ptthandover", english = "handover preparation", chinese = "切换准备" },
  listen = { spelling = "pttDL", english = "discreet listening", chinese = "缜密监听" },
  get_addresses = { spelling = "pttgetaddrlist", english = "address book, please", chinese = "请求通讯录" },
  push_addresses = { spelling = "pttpushaddrlist", english = "address book", chinese = "下发通讯录" },
  subscribe = { spelling = "pttsubscribe", english = "subscription", chinese = "事件订阅" },
}
local PARAMS = {
  reg_type = { spelling = "regtype", field = "reg_type", english = "kind of registration", chinese = "注册类型", codes = { { key = "code.regtype.initial", spelling = "initial", meaning = "initial" }, { key = "code.regtype.refresh", spelling = "refresh", meaning = "refresh" }, { key = "code.regtype.handover", spelling = "handover", meaning = "handover" } } },
  since = { spelling = "since", field = "since", english = "attached since, ms since 1970", chinese = "附着时间", number = true },
  binding = { spelling = "binding", field = "binding", english = "the registration that is meant", chinese = "所指注册" },
  state = { spelling = "state", field = "state", english = "state of the user", chinese = "用户状态" },
  ha1 = { spelling = "ha1", field = "ha1", english = "digest secret", chinese = "鉴权密钥" },
  ha1_md5 = { spelling = "ha1_md5", field = "ha1_md5", english = "digest secret, MD5", chinese = "鉴权密钥（MD5）" },
  ha1_sha256 = { spelling = "ha1_sha256", field = "ha1_sha256", english = "digest secret, SHA-256", chinese = "鉴权密钥（SHA-256）" },
  algorithm = { spelling = "algorithm", field = "algorithm", english = "digest algorithm", chinese = "鉴权算法" },
  gdn = { spelling = "GDN", field = "gdn", english = "group number", chinese = "组号码" },
  udn = { spelling = "UDN", field = "udn", english = "user number", chinese = "用户号码" },
  kick_cause = { spelling = "Cause", field = "kick_cause", english = "why he is de-registered", chinese = "注销原因", codes = { { key = "code.kickcause.moved", spelling = "moved", meaning = "moved" }, { key = "code.kickcause.admin", spelling = "admin", meaning = "admin" }, { key = "code.kickcause.killed", spelling = "killed", meaning = "killed" }, { key = "code.kickcause.expired", spelling = "expired", meaning = "expired" } } },
  call_id = { spelling = "OnlineCallID", field = "call_id", english = "the call, the same on all hops", chinese = "呼叫标识（全程一致）" },
  epoch = { spelling = "epoch", field = "epoch", english = "run of the TCF; a new one: it lost its state", chinese = "运行标识" },
  call_type = { spelling = "calltype", field = "call_type", english = "kind of call", chinese = "呼叫类型", number = true, codes = { { key = "code.calltype.private_audio", spelling = "1", meaning = "private audio 语音单呼" }, { key = "code.calltype.private_audio_video", spelling = "2", meaning = "private audio video 音视频单呼" }, { key = "code.calltype.private_video", spelling = "3", meaning = "private video 视频单呼" }, { key = "code.calltype.group_audio", spelling = "4", meaning = "group audio 语音组呼" }, { key = "code.calltype.group_audio_video", spelling = "5", meaning = "group audio video 音视频组呼" }, { key = "code.calltype.audio_multicast", spelling = "8", meaning = "audio multicast" }, { key = "code.calltype.video_multicast", spelling = "9", meaning = "video multicast" }, { key = "code.calltype.ambience", spelling = "16", meaning = "ambience 正常释放" }, { key = "code.calltype.video_pull", spelling = "20", meaning = "video pull 视频回传" }, { key = "code.calltype.video_push", spelling = "23", meaning = "video push 视频下推" } } },
  duplex = { spelling = "duplex", field = "duplex", english = "1 full, 0 half duplex", chinese = "1 全双工，0 半双工", number = true },
  priority = { spelling = "PrioAttribute", field = "priority", english = "priority, 0 highest", chinese = "优先级，0 最高", number = true },
  emergency = { spelling = "emergency", field = "emergency", english = "1: emergency, above every priority", chinese = "1：紧急呼叫", number = true },
  caller = { spelling = "callerUDN", field = "caller", english = "calling user", chinese = "主叫用户" },
  called_type = { spelling = "CalledType", field = "called_type", english = "what the called number is", chinese = "被叫类型", number = true, codes = { { key = "code.calledtype.user", spelling = "1", meaning = "user" }, { key = "code.calledtype.group", spelling = "2", meaning = "group" }, { key = "code.calledtype.not_said", spelling = "3", meaning = "not said" } } },
  preemptible = { spelling = "preemptible", field = "preemptible", english = "may what he is engaged in be released for this call", chinese = "能否为此呼叫释放其原有呼叫", codes = { { key = "code.preemptible.emergency", spelling = "emergency", meaning = "emergency" }, { key = "code.preemptible.always", spelling = "always", meaning = "always" }, { key = "code.preemptible.never", spelling = "never", meaning = "never" } } },
  duration = { spelling = "duration", field = "duration", english = "seconds that he may talk", chinese = "话权时长（秒）", number = true },
  grant = { spelling = "grant", field = "grant", english = "counts the grants of this call", chinese = "授权序号", number = true },
  position = { spelling = "position", field = "position", english = "place in the queue", chinese = "排队位置", number = true },
  cause = { spelling = "cause", field = "cause", english = "cause", chinese = "原因", codes = { { key = "code.floorcause.normal", spelling = "normal", meaning = "normal" }, { key = "code.floorcause.preempted", spelling = "preempted", meaning = "preempted" }, { key = "code.floorcause.timeout", spelling = "timeout", meaning = "timeout" }, { key = "code.floorcause.forced", spelling = "forced", meaning = "forced" }, { key = "code.floorcause.denied", spelling = "denied", meaning = "denied" }, { key = "code.floorcause.queue_full", spelling = "queuefull", meaning = "queue full" }, { key = "code.floorcause.receive_only", spelling = "receiveonly", meaning = "receive only" }, { key = "code.floorcause.gone", spelling = "gone", meaning = "gone" }, { key = "code.releasecause.preempted", spelling = "8", meaning = "preempted 被抢占" }, { key = "code.releasecause.normal", spelling = "16", meaning = "normal" }, { key = "code.releasecause.busy", spelling = "17", meaning = "busy 用户忙" }, { key = "code.releasecause.no_answer", spelling = "18", meaning = "no answer 无应答" }, { key = "code.releasecause.rejected", spelling = "21", meaning = "rejected 拒绝" }, { key = "code.releasecause.forced", spelling = "64", meaning = "forced 强拆" }, { key = "code.releasecause.handover", spelling = "65", meaning = "handover 切换" }, { key = "code.releasecause.timeout", spelling = "66", meaning = "timeout 超时" }, { key = "code.releasecause.peer_down", spelling = "67", meaning = "peer down 对端核心网故障" }, { key = "code.releasecause.stunned", spelling = "68", meaning = "stunned 遥晕或遥毙" }, { key = "code.releasecause.session_expired", spelling = "69", meaning = "session expired 会话过期" } } },
  alert_type = { spelling = "Alerttype", field = "alert_type", english = "what became of the floor", chinese = "话权状态", codes = { { key = "code.alert.taken", spelling = "taken", meaning = "taken" }, { key = "code.alert.idle", spelling = "idle", meaning = "idle" }, { key = "code.alert.queue", spelling = "queue", meaning = "queue" }, { key = "code.alert.left", spelling = "left", meaning = "left" } } },
  operation = { spelling = "optype", field = "cancelled_operation", english = "operation that is cancelled", chinese = "被取消的操作" },
  message_type = { spelling = "msgtype", field = "message_type", english = "to a user or a group", chinese = "短数据类型", number = true, codes = { { key = "code.messagetype.user", spelling = "1", meaning = "user" }, { key = "code.messagetype.group", spelling = "2", meaning = "group" } } },
  message_id = { spelling = "msgid", field = "message_id", english = "the message, the same on all hops", chinese = "消息标识" },
  result = { spelling = "result", field = "result", english = "result", chinese = "结果", number = true, codes = { { key = "code.result.success", spelling = "0", meaning = "success" }, { key = "code.result.refused", spelling = "1", meaning = "refused" }, { key = "code.result.unreachable", spelling = "2", meaning = "unreachable" }, { key = "code.result.timeout", spelling = "3", meaning = "timeout" }, { key = "code.result.unknown", spelling = "4", meaning = "unknown" } } },
  regroup_result = { spelling = "DGNAresult", field = "regroup_result", english = "result of the regroup", chinese = "重组结果", number = true, codes = { { key = "code.result.success", spelling = "0", meaning = "success" }, { key = "code.result.refused", spelling = "1", meaning = "refused" }, { key = "code.result.unreachable", spelling = "2", meaning = "unreachable" }, { key = "code.result.timeout", spelling = "3", meaning = "timeout" }, { key = "code.result.unknown", spelling = "4", meaning = "unknown" } } },
  version = { spelling = "version", field = "version", english = "version of the group", chinese = "组信息版本", number = true },
  video_id_type = { spelling = "VideoIdType", field = "video_id_type", english = "kind of video source", chinese = "视频源类型" },
  video_id = { spelling = "VideoId", field = "video_id", english = "video source", chinese = "视频源" },
  video_result = { spelling = "VideoSendResult", field = "video_result", english = "result of the forward", chinese = "转发结果", number = true, codes = { { key = "code.result.success", spelling = "0", meaning = "success" }, { key = "code.result.refused", spelling = "1", meaning = "refused" }, { key = "code.result.unreachable", spelling = "2", meaning = "unreachable" }, { key = "code.result.timeout", spelling = "3", meaning = "timeout" }, { key = "code.result.unknown", spelling = "4", meaning = "unknown" } } },
  user_type = { spelling = "utype", field = "user_type", english = "user or group", chinese = "用户类型" },
  target = { spelling = "target", field = "target", english = "where he is handed over to", chinese = "切换目标" },
}
local BODIES = {
  membership = { content = "application/pttmembershipinfo+xml", english = "groups of a user", chinese = "用户组信息" },
  regroup = { content = "application/pttdgnagrpmbrlist+xml", english = "temporary group", chinese = "动态重组组成员" },
  register_info = { content = "application/pttuereginfo+xml", english = "registration status", chinese = "用户注册状态" },
  user_call_info = { content = "application/pttuecallinfo+xml", english = "call status of users", chinese = "用户呼叫状态" },
  group_call_info = { content = "application/pttgroupcallinfo+xml", english = "group call status", chinese = "组呼状态" },
  online_call_info = { content = "application/pttsysonlinecallinfo+xml", english = "calls under way", chinese = "系统在线呼叫" },
  addresses = { content = "application/pttaddrlist+xml", english = "address book", chinese = "通讯录" },
}
local ATTRIBUTES = {
  ["action"] = "what is done 操作",
  ["called"] = "called 被叫",
  ["caller"] = "caller 主叫",
  ["count"] = "how many 数量",
  ["domain"] = "core network 核心网域名",
  ["emergency"] = "emergency 紧急",
  ["first"] = "first in this part 本部分起始序号",
  ["gdn"] = "group number 组号码",
  ["id"] = "call 呼叫标识",
  ["name"] = "name 名称",
  ["number"] = "number 号码",
  ["operate"] = "what is done to the member 成员操作",
  ["priority"] = "priority 优先级",
  ["role"] = "role 角色",
  ["since"] = "since 起始时间",
  ["state"] = "state 状态",
  ["t"] = "name of a property 属性名",
  ["talker"] = "talker 讲话方",
  ["total"] = "how many in all 总数",
  ["type"] = "kind of call 呼叫类型",
  ["udn"] = "user number 用户号码",
  ["utype"] = "user or group 用户类型",
  ["v"] = "value of a property 属性值",
  ["version"] = "version 版本",
  ["visited"] = "visited core network 拜访核心网",
  ["with"] = "other party 对方",
}
-- tables end

local btrunc = Proto("btrunc", "B-TrunC trunking 宽带集群")
btrunc.prefs.header = Pref.string("Header field", HEADER, "The SIP header field that carries operations")
btrunc.prefs.spelling = Pref.string("Other spellings", "", "As in a peer's wire table: token.call=xcall, param.gdn=Group")

local fields = {
  operation = ProtoField.string("btrunc.operation", "Operation 操作"),
  chinese = ProtoField.string("btrunc.operation.zh", "Operation in Chinese 操作"),
  token = ProtoField.string("btrunc.token", "Token 操作字"),
  other = ProtoField.string("btrunc.other", "Unknown parameter 未知参数"),
  body = ProtoField.string("btrunc.body", "Body 消息体"),
  element = ProtoField.string("btrunc.body.element", "Element 元素"),
  text = ProtoField.string("btrunc.body.text", "Text 文本"),
  odd_attribute = ProtoField.string("btrunc.body.other", "Unknown attribute 未知属性"),
}
local params, attributes = {}, {}
for key, param in pairs(PARAMS) do
  local title = string.format("%s %s", param.english, param.chinese)
  local make = param.number and ProtoField.uint64 or ProtoField.string
  params[key] = make("btrunc." .. param.field, title)
  fields["param_" .. key] = params[key]
end
for name, words in pairs(ATTRIBUTES) do
  attributes[name] = ProtoField.string("btrunc.body." .. name, words)
  fields["attribute_" .. name] = attributes[name]
end
btrunc.fields = fields

local unreadable = ProtoExpert.new("btrunc.unreadable", "Not a number 不是数字", expert.group.MALFORMED, expert.severity.WARN)
btrunc.experts = { unreadable }

-- how tokens, parameters and codes are written, overrides included

local tokens, names, codes

local function learn()
  local spelled = {}
  for key, value in btrunc.prefs.spelling:gmatch("([%w._]+)%s*=%s*([^%s,]+)") do spelled[key] = value end
  tokens, names, codes = {}, {}, {}
  for spelling, key in pairs(ALIASES) do tokens[spelling:lower()] = key end
  for key, token in pairs(TOKENS) do tokens[(spelled["token." .. key] or token.spelling):lower()] = key end
  for key, param in pairs(PARAMS) do
    local spelling = spelled["param." .. key] or param.spelling
    names[spelling] = key
    names[spelling:lower()] = names[spelling:lower()] or key
    codes[key] = {}
    for _, code in ipairs(param.codes or {}) do codes[key][(spelled[code.key] or code.spelling):lower()] = code.meaning end
  end
end

function btrunc.prefs_changed() learn() end
learn()

-- the header field

-- Pieces of `text` between separators that stand outside quotes, each with where it begins (from 0).
local function split(text, separator)
  local found, begin, quoted, at = {}, 1, false, 1
  while at <= #text do
    local char = text:sub(at, at)
    if char == "\\" and quoted then at = at + 1
    elseif char == '"' then quoted = not quoted
    elseif char == separator and not quoted then
      found[#found + 1] = { text = text:sub(begin, at - 1), at = begin - 1 }
      begin = at + 1
    end
    at = at + 1
  end
  found[#found + 1] = { text = text:sub(begin), at = begin - 1 }
  return found
end

local function unquoted(value)
  local inside = value:match('^"(.*)"$')
  return inside and inside:gsub("\\(.)", "%1") or value
end

local function show_param(tree, range, piece)
  local name, value = piece:match("^%s*([^=%s]+)%s*=%s*(.-)%s*$")
  name = name or piece:match("^%s*(%S+)")
  if name == nil then return end
  local key = names[name] or names[name:lower()] -- two differ by case alone
  value = value and unquoted(value) or ""
  if key == nil then tree:add(fields.other, range, piece:match("^%s*(.-)%s*$")) return end
  local item
  if PARAMS[key].number then
    if value:match("^%d+$") == nil or #value > 15 then
      item = tree:add(range, PARAMS[key].english .. ": " .. value)
      item:add_proto_expert_info(unreadable)
      return
    end
    item = tree:add(params[key], range, UInt64.new(tonumber(value) % 2 ^ 32, math.floor(tonumber(value) / 2 ^ 32)))
  else
    item = tree:add(params[key], range, value)
  end
  local meaning = codes[key][value:lower()]
  if meaning then item:append_text(" (" .. meaning .. ")") end
end

-- `UDN=x,utype=1` is two parameters, one of which belongs to the other.
local function show_params(tree, range, piece)
  local parts = split(piece, ",")
  local pair = #parts == 2 and names[(parts[2].text:match("^%s*([^=%s]+)%s*=") or ""):lower()] ~= nil
  for _, part in ipairs(pair and parts or { { text = piece, at = 0 } }) do
    show_param(tree, range(part.at, #part.text), part.text)
  end
end

local function show_field(range, text, pinfo, tree)
  local pieces = split(text, ";")
  local token = pieces[1].text:match("^%s*(.-)%s*$")
  local known = TOKENS[tokens[token:lower()] or ""]
  local shown = known and string.format("%s %s", known.english, known.chinese) or token
  local top = tree:add(btrunc, range, "B-TrunC " .. shown)
  if known then
    top:add(fields.operation, range(0, #pieces[1].text), known.english)
    top:add(fields.chinese, range(0, #pieces[1].text), known.chinese)
  end
  top:add(fields.token, range(0, #pieces[1].text), token)
  for number = 2, #pieces do
    local piece = pieces[number]
    if #piece.text > 0 then show_params(top, range(piece.at, #piece.text), piece.text) end
  end
  if pinfo.columns then pinfo.columns.info:append(" [" .. shown .. "]") end
end

local headers = Field.new("sip.msg_hdr")

function btrunc.dissector(_, pinfo, tree)
  for _, found in ipairs({ headers() }) do
    local range = found.range
    local text, wanted = range:string(ENC_UTF_8), btrunc.prefs.header:lower()
    local at = 1
    while at <= #text do
      local stop = text:find("\n", at, true) or #text + 1
      local line = text:sub(at, stop - 1):gsub("\r$", "")
      if line == "" then break end -- in a stream the next message may follow
      local name, gap, value = line:match("^([^:%s]+)(%s*:%s*)(.*)$")
      if name and name:lower() == wanted and #value > 0 then
        show_field(range(at - 1 + #name + #gap, #value), value, pinfo, tree)
      end
      at = stop + 1
    end
  end
end

register_postdissector(btrunc)

-- the bodies

local ENTITIES = { lt = "<", gt = ">", amp = "&", quot = '"', apos = "'" }
local function plain(text) return (text:gsub("&(%a+);", ENTITIES)) end

local function show_element(tree, range, name, inside)
  local top = tree:add(fields.element, range, name)
  for attribute, value in inside:gmatch('([%w_:.-]+)%s*=%s*"([^"]*)"') do
    local field = attributes[attribute:lower()]
    if field then top:add(field, range, plain(value)) else top:add(fields.odd_attribute, range, attribute .. "=" .. plain(value)) end
  end
  return top
end

local function body(key, content)
  local kind = BODIES[key]
  local proto = Proto("btrunc." .. key, "B-TrunC " .. kind.english)
  function proto.dissector(tvb, pinfo, tree)
    local text = tvb:range():string(ENC_UTF_8)
    local top = tree:add(btrunc, tvb:range(), string.format("B-TrunC %s %s", kind.english, kind.chinese))
    top:add(fields.body, tvb:range(), kind.english)
    local at, stack = 1, { top }
    while true do
      local begin, stop, closing, name, inside = text:find("<(/?)([%a_][%w_:.-]*)(.-)>", at)
      if begin == nil then break end
      local said = text:sub(at, begin - 1):match("^%s*(.-)%s*$")
      if #said > 0 and #stack > 1 then stack[#stack]:add(fields.text, tvb:range(at - 1, begin - at), plain(said)) end
      if closing == "/" then
        if #stack > 1 then stack[#stack] = nil end
      else
        local item = show_element(stack[#stack], tvb:range(begin - 1, stop - begin + 1), name, inside)
        if inside:sub(-1) ~= "/" then stack[#stack + 1] = item end
      end
      at = stop + 1
    end
    return tvb:len()
  end
  DissectorTable.get("media_type"):add(content, proto)
end

for key, kind in pairs(BODIES) do body(key, kind.content) end
