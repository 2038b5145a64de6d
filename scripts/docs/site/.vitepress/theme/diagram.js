import { useData } from 'vitepress';
import { defineComponent, h, onMounted, ref, watch } from 'vue';

let drawn = 0;
/** A picture is shrunk so far at most, and scrolled beyond: its letters can still be read. */
const SMALLEST = 0.6;

/** A picture of mermaid, drawn in the browser in the colours of the page. Without scripts its text is shown. */
export const Diagram = defineComponent({
  props: { code: { type: String, required: true } },
  setup(props) {
    const { isDark } = useData();
    const text = decodeURIComponent(props.code);
    const svg = ref('');
    const minWidth = ref('0');
    const draw = async () => {
      const { default: mermaid } = await import('mermaid');
      mermaid.initialize({ startOnLoad: false, securityLevel: 'strict', theme: isDark.value ? 'dark' : 'neutral' });
      drawn += 1;
      svg.value = (await mermaid.render(`diagram-${drawn}`, text)).svg;
      const [, width = '0'] = /viewBox="\S+ \S+ (\S+)/.exec(svg.value) ?? [];
      minWidth.value = `${Math.round(SMALLEST * Number(width))}px`;
    };
    onMounted(draw);
    watch(isDark, draw);
    return () =>
      h('figure', { class: 'diagram' }, [
        svg.value ? h('div', { style: { minWidth: minWidth.value }, innerHTML: svg.value }) : h('pre', text),
      ]);
  },
});
