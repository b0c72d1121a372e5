import { connect, MatchQuery } from '@lancedb/lancedb';
import { rmSync } from 'node:fs';
import { LanceDBStore } from '../src/stores/lancedb-store.ts';
import { VectorIndexRetriever } from '../src/retrieval/vector-index-retriever.ts';
import { CHUNK_COLUMNS } from '../src/stores/lancedb-rows.ts';
import { exampleDocument } from '../src/testing/example-documents.ts';
import { passage, readRealText, seededRandom } from './real-text.ts';
const dir='/tmp/exp/db5'; rmSync(dir,{recursive:true,force:true});
const text=readRealText(); const random=seededRandom(1);
const store = await LanceDBStore.open(dir,{});
for(let d=0;d<10000;d+=400) await store.replaceDocuments(Array.from({length:400},(_,n)=>exampleDocument(`d${d+n}`,Array.from({length:5},()=>passage(text.texts,120,random)))));
await store.optimize(); await store.optimize();
const t=await (await connect(dir)).openTable('documents');
const t5=await (await connect(dir,{readConsistencyInterval:0.5})).openTable('documents');
const never=await LanceDBStore.open(dir,{refreshMs:3600_000});
const r=new VectorIndexRetriever({store}); const rn=new VectorIndexRetriever({store:never});
const bareq=(t:any,q:string,cols=[...CHUNK_COLUMNS,'_score'])=>t.query().fullTextSearch(new MatchQuery(q,'searched_text')).select(cols).limit(6);
const V:Record<string,(q:string)=>Promise<unknown>>={
 product:q=>r.retrieve(q), productNoRefresh:q=>rn.retrieve(q), store:q=>store.query({mode:'sparse',text:q,topK:6}),
 bareArray:q=>bareq(t,q).toArray(), bareArrayRefresh:q=>bareq(t5,q).toArray(), bareArrow:q=>bareq(t,q).toArrow(), bareArrowTimeout:q=>bareq(t,q).toArrow({timeoutMs:10000}), bareFew:q=>bareq(t,q,['id','_score']).toArray(),
};
const inflight=async(s:(q:string)=>Promise<unknown>)=>{const st=performance.now(),cpu=process.cpuUsage(); const w=Array.from({length:4},()=>text.questions).flat().values(); await Promise.all(Array.from({length:16},async()=>{for(const q of w) await s(q);})); const c=process.cpuUsage(cpu); return [(4*113/(performance.now()-st)*1000).toFixed(0)+'/s', ((c.user+c.system)/1000/452).toFixed(2)+'ms cpu/q'];};
for(let i=0;i<3;i++) for(const [n,f] of Object.entries(V)) console.log(i,n,...await inflight(f));
