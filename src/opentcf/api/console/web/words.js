// Every word of the console, English and Chinese; the terms are those of docs/glossary.md.

const WORDS = {
  overview: ["Overview", "概览"], registrations: ["Registrations", "注册"], groups: ["Groups", "组"], calls: ["Calls", "呼叫"],
  floors: ["Floors", "话权"], messages: ["Messages", "短数据"], subscribers: ["Users", "用户"], audit: ["Audit log", "审计日志"],
  skip: ["Skip to the page", "跳到正文"], light: ["Light", "浅色"], dark: ["Dark", "深色"], logout: ["Log out", "退出"],
  peers: ["Peer TCFs", "对端核心网"], peer: ["Peer", "对端"], state: ["State", "状态"], address: ["Address", "地址"],
  rtt: ["RTT", "往返时延"], misses: ["Missed heartbeats", "心跳丢失"], console: ["Console", "控制台"], open: ["Open", "打开"],
  up: ["up", "正常"], down: ["down", "中断"], unknown: ["unknown", "未知"], home_users: ["Users registered", "本网注册用户"],
  terminals: ["Terminals here", "在网终端"], attached: ["attached", "已附着"], private_calls: ["Private calls", "单呼"], group_calls: ["Group calls", "组呼"],
  peers_up: ["Peers up", "对端正常"], happens: ["As it happens", "实时事件"], nothing: ["Nothing yet", "暂无"],
  user: ["User", "用户"], home: ["Home", "归属域"], visited: ["Visited", "访问域"], contact: ["Contact", "联系地址"], expires: ["Expires in", "剩余时间"],
  here: ["here", "本网"], search: ["Search", "搜索"], newer: ["← Back", "← 上一页"], older: ["Next →", "下一页 →"], page: ["Page", "页"],
  number: ["Number", "号码"], name: ["Name", "名称"], members: ["Members", "成员"], setup: ["Set-up", "建立方式"], priority: ["Priority", "优先级"], source: ["Set by", "来源"],
  confirmed: ["confirmed", "确认"], unconfirmed: ["unconfirmed", "非确认"], present: ["Present", "在网"], absent: ["not registered", "未注册"], listen_only: ["listens only", "只听"],
  talker: ["Talks", "讲话者"], queue: ["Waits", "排队"], nobody: ["nobody", "无"], in_call: ["in a call", "通话中"],
  call: ["Call", "呼叫"], type: ["Type", "类型"], caller: ["Caller", "主叫"], called: ["Called", "被叫"], since: ["Since", "开始"], lasts: ["Lasts", "时长"], legs: ["Legs", "呼叫腿"],
  ladder: ["Ladder", "信令图"], release: ["Release", "强拆"], revoke: ["Revoke floor", "收回话权"], kick: ["De-register", "注销"], stun: ["Stun", "遥晕"], kill: ["Kill", "遥毙"], revive: ["Revive", "复活"], handover: ["Hand over", "切换"],
  sure_release: ["Release this call on all its hops?", "在全部呼叫腿上释放此呼叫？"], sure_revoke: ["Take the floor from who talks?", "收回当前讲话者的话权？"], sure_kick: ["Take this user's registration away?", "注销该用户？"],
  sure_stun: ["Refuse this user every service until revived?", "遥晕该用户？复活前不提供任何业务。"], sure_kill: ["Refuse this user registration until revived?", "遥毙该用户？复活前不能注册。"], sure_revive: ["Let this user work again?", "复活该用户？"],
  sure_handover: ["Prepare the handover of this user to:", "将该用户切换到："], cancel: ["Cancel", "取消"], done: ["Done", "已完成"], close: ["Close", "关闭"],
  role: ["Role", "角色"], terminal: ["terminal", "终端"], dispatcher: ["dispatcher", "调度台"], normal: ["normal", "正常"], stunned: ["stunned", "已遥晕"], killed: ["killed", "已遥毙"], rights: ["Rights", "权限"],
  time: ["Time", "时间"], who: ["Who", "操作者"], action: ["Action", "操作"], target: ["Target", "对象"], result: ["Result", "结果"],
  from: ["From", "发送方"], to: ["To", "接收方"], size: ["Size", "长度"], recipients: ["Recipients", "接收情况"], bytes: ["bytes", "字节"],
  find_call: ["Call: OnlineCallID or Call-ID", "呼叫：OnlineCallID 或 Call-ID"], show: ["Show", "显示"], clock: ["Clock", "时钟"], absolute: ["Time of day", "绝对时间"], relative: ["Since start", "相对起点"], delta: ["Since last", "相对上条"],
  export: ["Export", "导出"], compare: ["Compare", "对比"], compare_hint: ["Choose the message to compare with", "请选择要对比的消息"], message: ["Message", "消息"], choose_message: ["Choose a message to see it here.", "选择一条消息以查看内容。"],
  floor_lane: ["Floor", "话权"], talks: ["talks", "讲话"], waits: ["waits", "排队"], again: ["again", "重发"], sent: ["sent", "发送"], arrived: ["arrived", "到达"], no_messages: ["No message of this call is in the traces.", "跟踪记录中没有此呼叫的消息。"],
  missing: ["No trace from", "无法获取跟踪："], messages_n: ["messages", "条消息"], live: ["live", "实时"], seen_by: ["traced by", "记录于"], differs: ["What differs", "差异"], follow: ["Follow", "跟随"], earlier: ["Earlier ones", "更早的消息"],
  login: ["This node asks for a token", "此节点需要令牌"], token: ["Token", "令牌"], login_do: ["Log in", "登录"], wrong_token: ["The node does not take this token.", "节点不接受该令牌。"], reader: ["read only", "只读"],
  connected: ["Events come in", "事件已连接"], lost: ["The node does not answer", "节点无响应"], body: ["Body", "消息体"], tcf: ["TCF", "TCF"], ue: ["terminal", "终端"], ongoing: ["Live calls", "进行中的呼叫"],
  idle: ["idle", "空闲"], taken: ["taken", "占用"], revoking: ["revoking", "收回中"], early: ["ringing", "振铃"], calling: ["calling", "呼叫中"], ringing: ["ringing", "振铃"], releasing: ["releasing", "释放中"], ended: ["ended", "结束"], trying: ["trying", "呼叫中"], released: ["released", "已释放"], held: ["held", "保持"],
  registered: ["registered", "已注册"], deregistered: ["de-registered", "已注销"], expired: ["expired", "已过期"], begins: ["begins", "开始"], "leg gone": ["leg gone", "呼叫腿退出"], "left out": ["left out", "未参与"], media: ["media", "媒体变更"], over: ["over", "结束"], prepared: ["prepared", "已准备"], preparing: ["preparing", "准备中"], refused: ["refused", "已拒绝"], reserved: ["reserved", "已预留"], unreachable: ["unreachable", "不可及"], hang: ["hang time", "保持时间"], confirming: ["confirming", "确认中"],
  call_1: ["private", "单呼"], call_2: ["private, video", "视频单呼"], call_3: ["private, video only", "纯视频单呼"], call_4: ["group", "组呼"], call_5: ["group, video", "视频组呼"], call_16: ["ambience listening", "环境监听"],
  event_registration: ["registration", "注册"], event_attachment: ["terminal", "终端"], event_user_state: ["user state", "用户状态"], event_call: ["private call", "单呼"], event_group_call: ["group call", "组呼"], event_floor: ["floor", "话权"], event_handover: ["handover", "切换"], event_peer: ["peer", "对端"], event_peer_lost_state: ["peer began anew", "对端重启"], event_audit: ["audit", "审计"], event_regroup: ["regroup", "动态重组"],
};

// What the header fields of SIP are for, here.
const HEADERS = {
  "via": ["the way back; its branch names the transaction", "回程路径；branch 标识事务"],
  "from": ["who began this dialog", "会话发起方"], "to": ["whom it is for; a tag once there is a dialog", "目标；建立会话后带 tag"],
  "call-id": ["this hop's dialog; each hop has its own", "本跳会话标识；每跳各不相同"], "cseq": ["number and method of the request", "请求序号与方法"],
  "contact": ["where later requests of this dialog go", "后续请求的目的地址"], "max-forwards": ["hops that it may still take", "剩余跳数"],
  "ptt-extension": ["the trunking operation and its parameters", "集群操作及其参数"], "p-asserted-identity": ["the true originator, as the TCF vouches", "经核心网确认的真实主叫"],
  "p-visited-network-id": ["the visited TCF of a roaming user", "漫游用户的访问域核心网"], "authorization": ["digest answer (masked)", "鉴权应答（已隐藏）"], "www-authenticate": ["digest challenge", "鉴权质询"],
  "session-expires": ["seconds until the call must be refreshed", "会话刷新间隔（秒）"], "min-se": ["the shortest refresh that is accepted", "最小刷新间隔"], "supported": ["extensions of SIP that the sender knows", "支持的扩展"], "require": ["extensions that the receiver must know", "要求的扩展"],
  "allow": ["methods that the sender takes", "支持的方法"], "expires": ["seconds that a registration or subscription lasts; 0 ends it", "有效期（秒）；0 表示结束"], "reason": ["why it ended, in SIP's own way", "释放原因（SIP）"], "warning": ["what is wrong, for people", "告警说明"], "retry-after": ["try again after so many seconds", "多少秒后重试"],
  "content-type": ["what the body is", "消息体类型"], "content-length": ["bytes of the body", "消息体字节数"], "route": ["hops that it must take", "必经路由"], "record-route": ["hops that want to stay on the way", "记录路由"], "event": ["event package", "事件包"], "subscription-state": ["state of the subscription", "订阅状态"], "accept": ["bodies that the sender takes", "接受的消息体"], "server": ["the program", "程序"], "user-agent": ["the program", "程序"], "timestamp": ["the sender's clock", "发送方时钟"], "answer-mode": ["whether it is answered by itself", "应答方式"],
};
for (const [short, long] of Object.entries({ v: "via", f: "from", t: "to", i: "call-id", m: "contact", c: "content-type", l: "content-length", x: "session-expires", k: "supported" })) HEADERS[short] = HEADERS[long];

let language = 0;

export function speak(name) {
  language = name === "zh" ? 1 : 0;
  document.documentElement.lang = language ? "zh-CN" : "en";
}

/** A word; what nobody translated stays as it is. */
export const say = (key) => WORDS[key]?.[language] ?? String(key ?? "");
export const header = (name) => HEADERS[name.toLowerCase()]?.[language] ?? "";
export const chosen = (english, chinese) => (language && chinese ? chinese : english);
export const other = () => (language ? "English" : "中文");
export const isChinese = () => language === 1;
