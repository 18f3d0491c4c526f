//! What policies, marks and times change, one line per case.

/// `state attempts words input => state reason charge effects due`. The words before the input
/// change the plain policy or the stage (see `set`); times are milliseconds from now. The plain
/// policy: charge on submit, prefer no duplicate, receipts, no further connector, two days left.
pub(super) const CASES: &str = "
# Its time comes, it is begun, withdrawn, or runs out of time before that.
accepted    0 -                             due                           => queued none held enqueue +0
scheduled   0 -                             due                           => queued none held enqueue +0
scheduled   0 due:1                         due                           => no step
scheduled   0 expires:0                     due                           => expired validity_ended released release,tell never
accepted    0 expires:0                     due                           => expired validity_ended released release,tell never
accepted    0 -                             cancel                        => cancelled withdrawn released release,tell never
scheduled   0 -                             cancel                        => cancelled withdrawn released release,tell never
scheduled   0 on_accept                     cancel                        => cancelled withdrawn charged tell never
queued      0 -                             cancel                        => cancelled withdrawn released release,tell never
queued      0 on_delivery                   cancel                        => cancelled withdrawn released release,tell never
queued      1 -                             cancel                        => no step
queued      0 -                             suppressed                    => cancelled suppressed released release,tell never
scheduled   0 on_accept                     suppressed                    => cancelled suppressed charged tell never
queued      1 -                             suppressed                    => cancelled suppressed released release,tell never
queued      2 more,why:throttled            suppressed                    => cancelled suppressed released release,tell never
queued      1 more,why:receipt,charge:charged,taken:-1000 suppressed      => cancelled suppressed charged tell never
queued      1 dup,why:link_broke            suppressed                    => unknown link_broke held -dup +259200000
queued      1 more,why:no_receipt,charge:charged,taken:-1000 suppressed   => submitted no_receipt charged - +259199000
queued      1 more,why:no_receipt,charge:charged,taken:-259200000 suppressed => no_report no_receipt charged tell never
unknown     1 -                             suppressed                    => no step
sending     1 -                             suppressed                    => no step
submitted   1 -                             suppressed                    => no step
queued      0 -                             begin                         => sending none held - never
queued      0 expires:1                     begin                         => sending none held - never
queued      0 expires:0                     begin                         => no step
queued      0 expires:0                     due                           => expired validity_ended released release,tell never
queued      0 expires:0,on_accept           due                           => expired validity_ended charged tell never
queued      0 expires:1                     due                           => no step
queued      3 expires:-5,charge:charged     due                           => expired validity_ended charged tell never
queued      0 -                             not_encodable                 => failed not_encodable released release,tell never
queued      0 more                          not_encodable                 => queued none held enqueue +0
queued      2 more,why:throttled            not_encodable                 => queued throttled held enqueue +0
queued      1 why:rerouted                  not_encodable                 => failed routes_exhausted released release,tell never
queued      0 more                          no_connector                  => failed not_encodable released release,tell never
queued      1 more                          no_connector                  => failed routes_exhausted released release,tell never
queued      1 dup,why:link_broke            no_connector                  => unknown link_broke held -dup +259200000
queued      1 why:link_broke                no_connector                  => failed routes_exhausted released release,tell never
queued      0 -                             receipt:0:delivered           => no step
queued      0 -                             answer:0:accepted:none        => no step

# The carrier takes it: who is charged when, and until when a receipt is awaited.
sending     1 -                             answer:1:accepted:none        => submitted none charged capture,tell +259200000
sending     1 on_accept                     answer:1:accepted:none        => submitted none charged tell +259200000
sending     1 on_delivery                   answer:1:accepted:none        => submitted none held tell +259200000
sending     1 patience:60000                answer:1:accepted:none        => submitted none charged capture,tell +259200000
sending     1 patience:60000,more           answer:1:accepted:none        => submitted none charged capture,tell +60000
sending     1 no_receipts                   answer:1:accepted:none        => no_report none charged capture,tell never
sending     1 no_receipts,on_accept         answer:1:accepted:none        => no_report none charged tell never
sending     1 no_receipts,on_delivery       answer:1:accepted:none        => no_report none released release,tell never
sending     2 taken:-9000,charge:charged    answer:2:accepted:none        => submitted none charged - +259200000

# The carrier does not take it.
sending     1 -                             answer:1:throttled:throttled  => queued throttled held enqueue +1000
sending     1 more                          answer:1:throttled:throttled  => queued throttled held enqueue +1000
sending    10 -                             answer:10:throttled:throttled => queued throttled held enqueue +2000
sending   120 -                             answer:120:throttled:throttled => queued throttled held enqueue +1800000
sending   199 -                             answer:199:throttled:throttled => expired validity_ended released release,tell never
sending   196 expires:8000                  answer:196:transient:transient => queued transient held enqueue,transient +5000
sending   196 expires:40000                 answer:196:transient:transient => queued transient held enqueue,transient +10000
sending     1 expires:1000                  answer:1:throttled:throttled  => expired validity_ended released release,tell never
sending     1 expires:1001                  answer:1:throttled:throttled  => queued throttled held enqueue +1000
sending     1 -                             answer:1:transient:transient  => queued transient held enqueue,transient +5000
sending     2 transient:1                   answer:2:transient:transient  => queued transient held enqueue,transient +30000
sending     3 transient:2                   answer:3:transient:transient  => queued transient held enqueue,transient +120000
sending     4 transient:3                   answer:4:transient:transient  => queued transient held enqueue,transient +600000
sending     5 transient:4                   answer:5:transient:transient  => queued transient held enqueue,transient +1800000
sending     6 transient:255                 answer:6:transient:transient  => queued transient held enqueue,transient +1800000
sending     1 more                          answer:1:transient:transient  => queued transient held enqueue,leave,transient +0
sending     5 more,transient:4              answer:5:transient:transient  => queued transient held enqueue,leave,transient +0
sending     6 more,transient:5              answer:6:transient:transient  => queued transient held enqueue,leave,transient +1800000
sending     1 expires:5000                  answer:1:transient:transient  => expired validity_ended released release,tell never
sending     1 more                          answer:1:reroute:rerouted     => queued rerouted held enqueue,leave +0
sending     1 -                             answer:1:reroute:rerouted     => failed routes_exhausted released release,tell never
sending     1 -,on_accept                   answer:1:reroute:rerouted     => failed routes_exhausted charged tell never
sending     1 more,expires:0                answer:1:reroute:rerouted     => expired validity_ended released release,tell never
sending   200 more                          answer:200:reroute:rerouted   => failed routes_exhausted released release,tell never
sending   200 -                             answer:200:throttled:throttled => failed routes_exhausted released release,tell never
sending     1 more                          answer:1:permanent:carrier_refused => failed carrier_refused released release,tell never
sending     2 taken:-9000,charge:charged    answer:2:permanent:carrier_refused => failed carrier_refused charged tell never
sending     2 taken:-9000,on_delivery,charge:held answer:2:permanent:carrier_refused => failed carrier_refused released release,tell never

# Nobody knows: three policies.
sending     1 -                             answer:1:unknown:link_broke   => unknown link_broke held tell +259200000
sending     1 -                             answer:1:unknown:none         => unknown answer_missing held tell +259200000
sending     1 resend                        answer:1:unknown:answer_missing => unknown answer_missing held tell +60000
sending     1 resend,expires:60000          answer:1:unknown:link_broke   => unknown link_broke held tell +259200000
sending     2 resend,resent:1,dup           answer:2:unknown:link_broke   => unknown link_broke held tell +259200000
sending     1 ask                           answer:1:unknown:link_broke   => unknown link_broke held tell +259200000
sending     1 ask,query                     answer:1:unknown:process_stopped => unknown process_stopped held tell,query +259200000
sending     2 taken:-9000,charge:charged    answer:2:unknown:link_broke   => unknown link_broke charged - +259200000
unknown     1 -                             answer:1:unknown:link_broke   => no step
unknown     1 due:1                         due                           => no step
unknown     1 -                             due                           => unconfirmed link_broke released release,tell never
unknown     1 on_accept                     due                           => unconfirmed link_broke charged tell never
unknown     1 ask,query                     due                           => unconfirmed link_broke released release,tell never
unknown     1 resend                        due                           => queued link_broke held enqueue,resent,+dup +0
unknown     2 resend,resent:1,dup           due                           => unconfirmed link_broke released release,tell never
unknown     1 resend,expires:0              due                           => unconfirmed link_broke released release,tell never
unknown   200 resend                        due                           => unconfirmed link_broke released release,tell never
unknown     1 ask,query                     not_known                     => queued answer_missing held enqueue,resent,+dup +0
unknown     1 resend                        not_known                     => queued answer_missing held enqueue,resent,+dup +0
unknown     2 ask,query,resent:1            not_known                     => no step
unknown     1 -                             not_known                     => no step
unknown     1 ask,expires:0                 not_known                     => expired validity_ended released release,tell never

# The answer comes late.
unknown     1 -                             answer:1:accepted:none        => submitted none charged capture,tell +259200000
unknown     1 no_receipts                   answer:1:accepted:none        => no_report none charged capture,tell never
unknown     1 -                             answer:1:throttled:throttled  => queued throttled held enqueue +1000
unknown     1 -                             answer:1:permanent:carrier_refused => failed carrier_refused released release,tell never
queued      1 resend,why:link_broke,dup     answer:1:accepted:none        => submitted none charged capture,tell,-dup +259200000
queued      1 no_receipts,why:link_broke,dup answer:1:accepted:none       => no_report none charged capture,tell,-dup never
queued      1 resend,why:link_broke,dup     answer:1:permanent:carrier_refused => no step
queued      1 ask,why:answer_missing        answer:1:accepted:none        => submitted none charged capture,tell +259200000
queued      1 why:no_receipt,more           answer:1:accepted:none        => no step
queued      1 why:receipt,reroute,more      answer:1:accepted:none        => no step
sending     2 why:receipt,reroute           answer:1:accepted:none        => no step
sending     2 why:answer_missing,ask        answer:1:accepted:none        => sending answer_missing held +dup never
sending     2 why:link_broke,resend,dup     answer:1:accepted:none        => no step
sending     2 why:link_broke                answer:1:permanent:carrier_refused => no step
submitted   2 why:none                      answer:1:accepted:none        => submitted none charged +dup +0
submitted   1 -                             answer:1:accepted:none        => no step
unconfirmed 1 -                             answer:1:accepted:none        => no step

# While it waits to be sent again, its time ends: nobody knows, so it is not told as expired.
queued      1 resend,why:link_broke,dup,expires:0 due                     => unknown link_broke held -dup +259200000
queued      1 ask,why:answer_missing,expires:0    due                     => expired validity_ended released release,tell never
queued      2 resend,resent:1,why:throttled,dup,expires:0 due             => expired validity_ended released release,tell never

# Receipts before the response.
sending     1 -                             receipt:1:delivered           => delivered receipt charged capture,tell never
sending     1 on_delivery                   receipt:1:delivered           => delivered receipt charged capture,tell never
sending     1 on_accept                     receipt:1:delivered           => delivered receipt charged tell never
sending     1 -                             receipt:1:undelivered         => undelivered receipt charged capture,tell never
sending     1 -                             receipt:1:expired             => expired receipt charged capture,tell never
sending     1 -                             receipt:1:rejected            => rejected receipt charged capture,tell never
sending     1 -                             receipt:1:deleted             => deleted receipt charged capture,tell never
sending     1 on_delivery                   receipt:1:undelivered         => undelivered receipt released release,tell never
sending     1 reroute,more                  receipt:1:undelivered         => queued receipt held enqueue,leave +0
sending     1 -                             receipt:1:enroute             => no step
delivered   1 -                             answer:1:accepted:none        => no step

# Receipts of an unknown outcome.
unknown     1 -                             receipt:1:delivered           => delivered receipt charged capture,tell never
unknown     1 -                             receipt:1:undelivered         => undelivered receipt charged capture,tell never
unknown     1 -                             receipt:1:expired             => expired receipt charged capture,tell never
unknown     1 -                             receipt:1:rejected            => rejected receipt charged capture,tell never
unknown     1 -                             receipt:1:deleted             => deleted receipt charged capture,tell never
unknown     1 -                             receipt:1:enroute             => submitted receipt charged capture,tell +259200000
unknown     2 -                             receipt:1:enroute             => no step
queued      1 resend,why:link_broke,dup     receipt:1:delivered           => delivered receipt charged capture,tell,-dup never
queued      1 resend,why:link_broke,dup     receipt:1:enroute             => submitted receipt charged capture,tell,-dup +259200000
queued      1 resend,why:link_broke,dup     receipt:1:undelivered         => no step
queued      1 why:throttled                 receipt:1:enroute             => no step

# Receipts of the latest attempt.
submitted   1 -                             receipt:1:delivered           => delivered receipt charged tell never
submitted   1 on_delivery,charge:held       receipt:1:delivered           => delivered receipt charged capture,tell never
submitted   1 on_delivery,charge:held       receipt:1:undelivered         => undelivered receipt released release,tell never
submitted   1 on_delivery,charge:held       receipt:1:rejected            => rejected receipt released release,tell never
submitted   1 -                             receipt:1:undelivered         => undelivered receipt charged tell never
submitted   1 -                             receipt:1:expired             => expired receipt charged tell never
submitted   1 -                             receipt:1:rejected            => rejected receipt charged tell never
submitted   1 -                             receipt:1:deleted             => deleted receipt charged tell never
submitted   1 -                             receipt:1:enroute             => no step

# The next connector after a negative receipt.
submitted   1 reroute                       receipt:1:undelivered         => undelivered receipt charged tell never
submitted   1 more                          receipt:1:undelivered         => undelivered receipt charged tell never
submitted   1 reroute,more                  receipt:1:undelivered         => queued receipt charged enqueue,leave +0
submitted   1 reroute,more                  receipt:1:delivered           => delivered receipt charged tell never
submitted   1 error_reroutes,more           receipt:1:rejected            => queued receipt charged enqueue,leave +0
submitted   1 error_reroutes                receipt:1:rejected            => rejected receipt charged tell never
submitted   1 error_reroutes,more           receipt:1:delivered           => delivered receipt charged tell never
submitted   1 reroute,more,expires:0        receipt:1:expired             => expired receipt charged tell never
submitted 200 reroute,more                  receipt:200:undelivered       => undelivered receipt charged tell never

# The next connector when no receipt comes in time, and the horizon.
submitted   1 due:1                         due                           => no step
submitted   1 patience:1000,more            due                           => queued no_receipt charged enqueue,leave +0
submitted   1 patience:1000                 due                           => submitted none charged - +259199000
submitted   1 patience:1000,more,expires:0  due                           => submitted none charged - +259199000
submitted 200 patience:1000,more            due                           => submitted none charged - +259199000
submitted   1 taken:-259200000              due                           => no_report no_receipt charged tell never
submitted   1 taken:-259200000,on_delivery,charge:held due                => no_report no_receipt released release,tell never
submitted   1 ask,query,taken:-259200000    due                           => submitted no_receipt charged query +60000
submitted   1 ask,query,why:no_receipt,taken:-259260000 due               => no_report no_receipt charged tell never
submitted   1 ask,taken:-259200000          due                           => no_report no_receipt charged tell never
submitted   1 query,taken:-259200000        due                           => no_report no_receipt charged tell never
submitted   1 ask,query,patience:1000,more  due                           => submitted no_receipt charged query +60000
submitted   1 ask,query,patience:1000,more,why:no_receipt due             => queued no_receipt charged enqueue,leave +0
submitted   1 ask,query,patience:1000       due                           => submitted none charged - +259199000
queued      1 why:no_receipt                receipt:1:delivered           => delivered receipt charged capture,tell never
queued      1 why:no_receipt,dup            receipt:1:delivered           => delivered receipt charged capture,tell never
queued      1 why:no_receipt                receipt:1:undelivered         => no step

# Receipts of an earlier attempt.
queued      2 why:transient                 receipt:1:delivered           => delivered receipt charged capture,tell,+dup never
sending     2 -                             receipt:1:delivered           => delivered receipt charged capture,tell,+dup never
unknown     2 -                             receipt:1:delivered           => delivered receipt charged capture,tell,+dup never
submitted   2 -                             receipt:1:delivered           => delivered receipt charged tell,+dup never
submitted   2 -                             receipt:1:undelivered         => no step
sending     2 reroute,more                  receipt:1:undelivered         => no step

# Receipts after the end: two ends improve, the others keep what was told.
no_report   1 -                             receipt:1:delivered           => delivered receipt charged tell never
no_report   1 -                             receipt:1:undelivered         => undelivered receipt charged tell never
no_report   1 -                             receipt:1:expired             => expired receipt charged tell never
no_report   1 -                             receipt:1:rejected            => rejected receipt charged tell never
no_report   1 -                             receipt:1:deleted             => deleted receipt charged tell never
no_report   1 charge:released               receipt:1:delivered           => delivered receipt released tell never
no_report   1 -                             receipt:1:enroute             => no step
no_report   2 -                             receipt:1:delivered           => delivered receipt charged tell,+dup never
no_report   2 -                             receipt:1:undelivered         => no step
unconfirmed 1 charge:released               receipt:1:delivered           => delivered receipt released tell never
unconfirmed 1 -                             receipt:1:undelivered         => undelivered receipt charged tell never
unconfirmed 1 -                             receipt:1:expired             => expired receipt charged tell never
unconfirmed 1 -                             receipt:1:rejected            => rejected receipt charged tell never
unconfirmed 1 -                             receipt:1:deleted             => deleted receipt charged tell never
unconfirmed 2 -                             receipt:1:undelivered         => no step
delivered   1 -                             receipt:1:delivered           => no step
delivered   1 -                             receipt:1:undelivered         => delivered none charged contradicts,+contradicted never
undelivered 1 -                             receipt:1:delivered           => undelivered none charged contradicts,+contradicted never
failed      1 -                             receipt:1:delivered           => failed none charged contradicts,+contradicted never
delivered   2 -                             receipt:1:delivered           => delivered none charged +dup never
delivered   2 dup                           receipt:1:delivered           => no step
delivered   2 -                             receipt:1:expired             => no step
delivered   2 dup                           receipt:2:undelivered         => no step
undelivered 2 -                             receipt:1:delivered           => undelivered none charged contradicts,+dup,+contradicted never
undelivered 2 -                             receipt:1:rejected            => no step

# Working on it crashes: it is tried once more, then it waits for a person.
sending     1 -                             answer:1:crashed:none         => queued crashed_writing held enqueue,+crashed +5000
sending     1 expires:5000                  answer:1:crashed:none         => expired validity_ended released release,tell,+crashed never
sending     2 crashed                       answer:2:crashed:none         => queued quarantined held enqueue,+quarantined +0
sending     2 crashed,expires:0             answer:2:crashed:none         => expired validity_ended released release,tell never
sending   200 crashed                       answer:200:crashed:none       => failed routes_exhausted released release,tell never
accepted    0 -                             crashed                       => accepted none held +crashed +5000
queued      0 -                             crashed                       => queued none held enqueue,+crashed +5000
queued      1 dup,why:link_broke            crashed                       => queued link_broke held enqueue,+crashed +5000
queued      0 crashed                       crashed                       => queued none held enqueue,+quarantined +0
queued      0 crashed,expires:0             crashed                       => queued none held enqueue,+quarantined never
queued      0 crashed,quarantined           crashed                       => queued none held enqueue never
queued      0 crashed,restored              crashed                       => queued none held enqueue,+quarantined +0
scheduled   0 due:60000                     crashed                       => scheduled none held +crashed +60000
scheduled   0 due:60000,crashed             crashed                       => scheduled none held +quarantined +60000
scheduled   0 crashed                       crashed                       => scheduled none held +quarantined never
sending     1 -                             crashed                       => sending none held +crashed never
sending     1 crashed                       crashed                       => unknown answer_missing held tell,+quarantined +259200000
sending     2 crashed,taken:-9,charge:charged crashed                     => unknown answer_missing charged +quarantined +259200000
unknown     1 crashed,due:60000             crashed                       => unknown link_broke held +quarantined +60000
submitted   1 crashed                       crashed                       => submitted none charged +quarantined never

# What waits for a person is not begun. Its validity and its carrier may end it.
queued      0 quarantined                   begin                         => no step
queued      0 restored                      begin                         => no step
queued      0 quarantined,expires:0         due                           => expired validity_ended released release,tell never
queued      0 restored                      cancel                        => cancelled withdrawn released release,tell never
queued      1 quarantined                   receipt:1:delivered           => delivered receipt charged capture,tell never
scheduled   0 restored                      due                           => queued none held enqueue +0
unknown     1 restored,resend               due                           => queued link_broke held enqueue,resent,+dup +0

# The person releases it or gives it up.
queued      0 quarantined,crashed           release                       => queued none held enqueue,-paused +0
queued      0 quarantined,restored          release                       => queued none held enqueue,+dup,-paused +0
scheduled   0 restored,due:60000            release                       => scheduled none held +dup,-paused +60000
submitted   1 restored,due:60000            release                       => submitted none charged +dup,-paused +60000
unknown     1 restored,due:60000            release                       => unknown link_broke held -paused +60000
submitted   1 quarantined,never_due         release                       => submitted none charged -paused +0
unknown     1 quarantined,due:60000         release                       => unknown link_broke held -paused +60000
delivered   1 quarantined                   release                       => no step
queued      0 quarantined                   give_up                       => failed given_up released release,tell never
queued      0 quarantined,on_accept         give_up                       => failed given_up charged tell never
queued      1 quarantined,dup,why:link_broke give_up                      => unconfirmed link_broke released release,tell,-dup never
accepted    0 restored                      give_up                       => failed given_up released release,tell never
scheduled   0 restored                      give_up                       => failed given_up released release,tell never
unknown     1 restored                      give_up                       => unconfirmed link_broke released release,tell never
submitted   1 quarantined                   give_up                       => no_report given_up charged tell never
sending     1 restored                      give_up                       => no step
queued      0 crashed                       give_up                       => no step
";
